"""Steps on one scan, time along the first axis: filter, regress, standardize, resample."""

from fractions import Fraction

import numpy as np
from scipy import signal

_ORDER = 4


def band_pass(scan, low, high, t_r):
    """Keep the fluctuations of a frequency band, without shifting them in time.

    A Butterworth filter of order 4 runs forwards and backwards over the centred scan, whose ends
    are continued by one period of ``low`` (point reflection at the ends).

    Shapes: scan (n_timepoints, n_rois); returned (n_timepoints, n_rois).
    """
    sections = signal.butter(_ORDER, (low, high), "bandpass", fs=1 / t_r, output="sos")
    margin = min(len(scan) - 1, round(1 / (low * t_r)))
    return signal.sosfiltfilt(sections, scan - scan.mean(axis=0), axis=0, padlen=margin)


def regress_global_mean(scan):
    """Remove from every ROI what the mean over ROIs explains of it.

    Shapes: scan (n_timepoints, n_rois); returned (n_timepoints, n_rois).
    """
    mean = scan.mean(axis=1)
    mean = mean - mean.mean()
    power = mean @ mean
    slopes = mean @ (scan - scan.mean(axis=0)) / (power if power > 0 else 1)
    return scan - np.outer(mean, slopes)


def standardize(scan):
    """Scale every ROI to mean 0 and standard deviation 1 over the whole scan (``ddof=0``).

    Shapes: scan (n_timepoints, n_rois); returned (n_timepoints, n_rois).
    """
    centred = scan - scan.mean(axis=0)
    deviation = centred.std(axis=0)
    return centred / np.where(deviation > 0, deviation, 1)


def resample(scan, t_r, new_t_r):
    """Bring a scan to another repetition time.

    A polyphase filter keeps the new time grid exact for any ratio, and removes on the way to a
    longer repetition time what that could not hold. The ends are continued by point reflection.

    Shapes: scan (n_timepoints, n_rois); returned (n_new_timepoints, n_rois).
    """
    ratio = Fraction(t_r / new_t_r).limit_denominator(1000)
    return signal.resample_poly(
        scan, ratio.numerator, ratio.denominator, axis=0, padtype="antireflect"
    )

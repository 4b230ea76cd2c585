"""The options of a run as a configuration file."""

import json

_LEFT_OUT = ("config", "debug", "quiet", "out")
_SCANS = {
    "data_dir": '"~/nilearn_data"  # where ABIDE_pcp is on your machine',
    "bids": '"~/study/derivatives"  # where the derivatives are on your machine',
    "table": '"~/study/scans.csv"  # where the table is on your machine',
    "participants": '"~/study/participants.tsv"  # where the table is on your machine',
}


def to_toml(options):
    """Write the dict of ``options.json`` as ``lstmdg compare --config`` reads it.

    The folder of the scans is left to the reader, as it tells of somebody's machine.
    """
    lines = []
    for name, value in options.items():
        if value is None or name in _LEFT_OUT:
            continue
        shown = _SCANS.get(name) or json.dumps(value, ensure_ascii=False)
        lines.append(f"{name.replace('_', '-')} = {shown}")
    return "\n".join(lines)

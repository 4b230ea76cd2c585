"""Sections on communities."""

import re

import numpy as np
import pytest
from sklearn.utils import Bunch

from sklearn_lstmdg.evaluation import load_comparison, measure_communities, summarize_robustness
from sklearn_lstmdg.report import _community_sections, write_report

from _pages import rows_of, top_rows

pandas = pytest.importorskip("pandas")
pytest.importorskip("matplotlib")

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63000100"
    "000500010d0a2db40000000049454e44ae426082"
)


def robustness_rows(folder):
    page = write_report(folder).read_text(encoding="utf-8")
    return rows_of(page, "Robustness of communities between folds")


def measured(folder, n_permutations):
    comparison = load_comparison(folder)
    keys = [("lstm-dg", site, 0, fold) for site in ("SITE_1", "SITE_2") for fold in range(3)]
    folds = {key: comparison.fold(*key) for key in keys}
    return measure_communities(folds, n_permutations, random_state=0)


def test_robustness_is_the_summary_of_the_command_line(copy, undrawn):
    summary = summarize_robustness(*measured(copy, 100)).to_dict("records")
    rows = robustness_rows(copy)
    assert len(rows) == 16
    for cells, row in zip(rows[1:8:4], summary, strict=True):
        assert cells[:3] == ["lstm-dg", row["site"], "Dice, best match"]
        shown = f"{row['dice']:.3f} ({row['dice_sd']:.3f})"
        others = [f"{row['dice_all']:.3f}", f"{row['dice_null']:.3f}", f"{row['dice_z']:.1f}"]
        assert cells[3:7] == [shown, *others]


def test_what_communities_has_measured_is_taken(copy, undrawn):
    communities, robustness = measured(copy, 2)
    later = robustness.assign(repeat=1, dice=9.75)
    communities.to_csv(copy / "communities.csv", index=False)
    pandas.concat([robustness.assign(dice=0.25), later]).to_csv(
        copy / "robustness.csv", index=False
    )
    rows = robustness_rows(copy)
    assert len(rows) == 16  # the other model is measured now
    assert [cells[3].split()[0] for cells in rows[1:8:4]] == ["5.000"] * 2
    assert rows[9][3].split()[0] != "5.000"


def test_top_communities_come_by_influence(page):
    rows = top_rows(page, "lstm-dg at SITE_1")
    influence = [float(cells[3]) for cells in rows]
    assert len(rows) == 2 and influence == sorted(influence, reverse=True)
    assert all(len(cells[1].split("; ")) == int(cells[2]) for cells in rows)


def test_the_strongest_members_come_first_and_the_others_are_counted():
    membership = np.zeros((40, 2))
    membership[5:17, 0] = 1 + np.linspace(0, 0.1, 12)
    membership[20:22, 1] = 1
    names = [f"Gyrus {number}, left" for number in range(40)]
    fold = Bunch(membership=membership, influence=np.array([2.0, 1.0]), roi_names=names)
    fold |= {"repeat": 0, "fold": 3}
    study = Bunch(folds_of=lambda *_: [fold], comparison=None, roi_names=None, cohort={})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_community_sections, "best_fold", lambda *_: fold)
        top = _community_sections._top(study, "lstm-dg", "pooled")
    first, second = top["communities"]
    shown = "; ".join(names[16:8:-1])
    assert first["members"] == f"{shown}; and 4 more" and first["size"] == 12
    assert second["members"] == "; ".join(names[20:22]) and top["name"] == "lstm-dg"


def test_what_decode_has_left_is_shown(copy, undrawn):
    (copy / "brain.png").write_bytes(PIXEL)
    (copy.parent / "secret.png").write_bytes(PIXEL[:-1])
    row = {"site": "SITE_1", "model": "lstm-dg", "repeat": 0, "fold": 1, "rank": 1, "community": 4}
    row |= {"influence": 0.5, "n_rois": 2, "rois": "Left <A>; Right B", "image": "brain.png"}
    rows = [row | {"term": term, "r": r} for term, r in (("12_face_faces", 0.4), ("fear", 0.3))]
    rows.append(row | {"rank": 2, "community": 7, "image": "../secret.png"})
    pandas.DataFrame(rows).to_csv(copy / "decoding.csv", index=False)
    page = write_report(copy).read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 1
    assert "ROIs: Left &lt;A&gt;; Right B." in page
    terms = rows_of(page, "Terms of community 4 of lstm-dg at SITE_1")
    assert [cells[0] for cells in terms] == ["face faces", "fear"]
    assert "chosen by its test subjects" in page and "Yarkoni" in page


def test_decoded_communities_of_pooled_folds_are_of_all_sites(copy, undrawn):
    row = {"site": "pooled", "model": "lstm-dg", "repeat": 0, "fold": 1, "rank": 1, "community": 4}
    row |= {"influence": 0.5, "n_rois": 1, "rois": "A", "image": None, "term": None}
    pandas.DataFrame([row]).to_csv(copy / "decoding.csv", index=False)
    page = write_report(copy).read_text(encoding="utf-8")
    (cells,) = rows_of(page, "The most influential communities of the best fold")
    assert cells[:3] == ["Community 4", "lstm-dg", "all sites"]
    assert "<p>Community 4 of lstm-dg</p>" in page


def test_more_communities_than_are_drawn_are_listed(folder, tmp_path, monkeypatch, undrawn):
    monkeypatch.setattr("sklearn_lstmdg.report._community_sections._MOST_DRAWN", 1)
    page = write_report(folder, tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("<caption>Most influential communities of ") == 4


def test_redundancy_stands_beside_robustness(page):
    (head,) = re.findall(
        r"<caption>Robustness of communities between folds</caption>.*?</thead>", page, re.DOTALL
    )
    assert "Redundancy" in head and "Effective number" in head
    cells = rows_of(page, "Robustness of communities between folds")[0]
    assert len(cells) == 9 and all(-1 <= float(cells[7]) <= 1 for _ in cells)
    (told,) = re.findall(r"Redundancy within a fold by model and site\. ([^\"<]*)", page)
    assert f"lstm-dg at SITE_1: {cells[7]}" in told

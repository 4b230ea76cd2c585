"""Sections on communities."""

import json
import re

import numpy as np
import pytest
from sklearn.utils import Bunch

from sklearn_lstmdg.evaluation import load_comparison, measure_communities, summarize_robustness
from sklearn_lstmdg.report import _community_sections, write_report

from _pages import rows_of

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


def top_rows(page, name):
    return rows_of(page, f"Most influential communities of {name}")


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


def test_communities_are_drawn_where_the_atlas_lies_beside_the_scans(copy, tmp_path):
    nibabel = pytest.importorskip("nibabel")
    pytest.importorskip("nilearn")
    labels = np.zeros((12, 8, 8), dtype=np.int16)
    for code in range(1, 6):
        labels[2 * code : 2 * code + 2, 2:6, 2:6] = code
    affine = np.diag([8.0, 8, 8, 1])
    affine[:3, 3] = -48, -50, -15  # within the brain of MNI152
    (tmp_path / "atlases").mkdir()
    atlas = tmp_path / "atlases" / "ho_mask_pad.nii.gz"
    nibabel.Nifti1Image(labels, affine).to_filename(atlas)
    names = pandas.DataFrame({"code": range(1, 6), "name": list("VWXYZ")})
    names.to_csv(atlas.with_name("ho_labels.csv"), index=False)
    options = json.loads((copy / "options.json").read_text())
    options |= {"data_dir": str(tmp_path), "atlas": "ho"}
    (copy / "options.json").write_text(json.dumps(options))
    for path in (copy / "folds").glob("*SITE_2*"):
        path.unlink()
    page = write_report(copy).read_text(encoding="utf-8")
    assert page.count('<img alt="Community ') == 4, "two communities of two models"
    members = top_rows(page, "lstm-dg at SITE_1")[0][1]
    assert set(members.split("; ")) <= set("VWXYZ"), "names, not codes"
    assert page.count("<summary>On the brain") == 1, "those of the reference stand open"
    assert str(tmp_path) not in page
    atlas.unlink()
    page = write_report(copy).read_text(encoding="utf-8")
    assert '<img alt="Community ' not in page and "lstmdg report copy --atlas IMAGE" in page
    record = json.loads((copy / "cohort.json").read_text()) | {"roi_codes": [1, 2, 3, 4, 99]}
    (copy / "cohort.json").write_text(json.dumps(record))
    nibabel.Nifti1Image(labels, affine).to_filename(atlas)
    page = write_report(copy).read_text(encoding="utf-8")
    assert "the atlas, which does not fit the scans" in page


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


@pytest.mark.parametrize("damaged", ["image", "table"])
def test_an_atlas_that_cannot_be_read_is_done_without(copy, tmp_path, undrawn, damaged):
    nibabel = pytest.importorskip("nibabel")
    pytest.importorskip("nilearn")
    (tmp_path / "atlases").mkdir()
    atlas = tmp_path / "atlases" / "ho_mask_pad.nii.gz"
    nibabel.Nifti1Image(np.ones((2, 2, 2), dtype=np.int16), np.eye(4)).to_filename(atlas)
    if damaged == "image":
        atlas.write_bytes(b"cut")
    else:
        atlas.with_name("ho_labels.csv").write_text("code,region\n1,V\n")
    options = json.loads((copy / "options.json").read_text())
    options |= {"data_dir": str(tmp_path), "atlas": "ho"}
    (copy / "options.json").write_text(json.dumps(options))
    page = write_report(copy).read_text(encoding="utf-8")
    told = page.split('<section id="run"')[0]
    assert "Left out, as if it were not there: the atlas beside the scans" in told
    assert str(tmp_path) not in page
    with pytest.raises(ValueError, match=atlas.name if damaged == "image" else "needs the columns"):
        write_report(copy, atlas=atlas, labels=atlas.with_name("ho_labels.csv"))

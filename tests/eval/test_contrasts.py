from collections.abc import Sequence

import numpy as np
import pytest

from penchant import Persona, Provenance, Record
from penchant.eval.contrasts import Contrast, contrasts, table
from penchant.eval.score import Scored, Setting
from penchant.stats import difference, holm, sign_flip

SETTING = Setting("d", "user_first", 0)


def people(count: int, *, phrasing: str = "") -> tuple[Record, ...]:
    """Two records each."""
    return tuple(
        Record(
            f"{phrasing}{person}-{i}",
            f"{phrasing}{person}",
            "p",
            "a",
            "b",
            Persona(()),
            provenance=Provenance("d", "all", phrasing),
        )
        for person in range(count)
        for i in range(2)
    )


ROLES = {
    **dict.fromkeys(("longer", "habit", "overlap", "style"), "control"),
    **dict.fromkeys(("ideal", "chance", "coverage", "pba_golden", "pba_drawn"), "limit"),
    **dict.fromkeys(("ica_raw", "pba_raw", "ica_same_prompt"), "reading"),
    **dict.fromkeys(("few_shot", "base", "universal"), "untrained"),
    **dict.fromkeys(("vpl", "lore", "asked", "encoder_text", "encoder_style"), "baseline"),
}


def scored(method: str, right: Sequence[float], persona: str = "mixed", records: Sequence[Record] = ()) -> Scored:
    margins = np.array(right, dtype=np.float64)
    name, _, variant = method.partition("_") if method != "few_shot" else (method, "", "")
    role = ROLES.get(method, "personal")
    return Scored(name, persona, tuple(records or people(len(right) // 2)), margins, None, variant=variant, role=role)


ONES, MOSTLY = [1.0] * 40, [1.0, -1.0] * 20


def names(found: Sequence[Contrast]) -> list[tuple[str, str, str]]:
    return [(one.method, one.rival, one.rival_persona) for one in found]


def test_a_method_is_set_against_everything_beside_it_and_against_itself_when_nothing_is_told() -> None:
    table = [
        scored("longer", MOSTLY),
        scored("few_shot", MOSTLY),
        scored("ideal", ONES),
        scored("ica", ONES),
        scored("ica_raw", ONES),
        scored("pba", MOSTLY),
        scored("pba_golden", ONES),
        scored("overlap", MOSTLY, "ugc"),
        scored("chance", MOSTLY, "none"),
        scored("ica", MOSTLY, "none"),
        scored("ica", MOSTLY, "shuffled"),
    ]
    assert names(contrasts([(SETTING, table)])) == [
        ("ica", "longer", "mixed"),
        ("ica", "few_shot", "mixed"),
        ("ica", "pba", "mixed"),
        ("ica", "ica", "none"),
        ("ica", "ica", "shuffled"),
        ("pba", "longer", "mixed"),
        ("pba", "few_shot", "mixed"),
    ]


def test_a_contrast_is_the_paired_difference_with_its_interval_and_test() -> None:
    mine, theirs = scored("ica", ONES), scored("overlap", MOSTLY)
    (found,) = contrasts([(SETTING, [mine, theirs])])
    users = [str(record.user_id) for record in mine.records]
    value, ci95 = difference(mine.margins, theirs.margins, users)
    assert (found.difference, found.ci95) == (value, ci95) == (0.5, (0.5, 0.5))
    assert found.p == found.p_holm == sign_flip(mine.margins, theirs.margins, users)
    assert (found.n, found.users, found.phrasing) == (40, 20, "-")


def test_p_values_are_corrected_over_everything_that_was_measured_together() -> None:
    weak = [1.0] * 24 + [-1.0] * 16
    one = [scored("ica", ONES), scored("overlap", weak)]
    other = [scored("encoder", ONES), scored("longer", MOSTLY)]
    alone = contrasts([(SETTING, one)]) + contrasts([(SETTING, other)])
    together = contrasts([(SETTING, one), (SETTING, other)])
    assert [found.p_holm for found in together] == holm([found.p for found in alone])
    assert together[0].p_holm > alone[0].p_holm or together[1].p_holm > alone[1].p_holm


def test_records_are_matched_by_name_and_not_by_place() -> None:
    records = people(10)
    mine = scored("ica", [1.0, -1.0] * 10, records=records)
    same = scored("ica", [-1.0, 1.0] * 10, "none", records[::-1])
    (found,) = contrasts([(SETTING, [mine, same])])
    assert (found.difference, found.p) == (0, 1)


def test_only_what_both_were_asked_is_compared_and_each_phrasing_by_itself() -> None:
    known, unseen = people(10, phrasing="known"), people(10, phrasing="unseen")
    mine = scored("ica", [1.0] * 40, records=(*known, *unseen))
    rival = scored("overlap", [-1.0] * 20 + [1.0] * 20, records=(*known, *unseen))
    blind = scored("ica", [-1.0] * 20, "none", known)
    found = contrasts([(SETTING, [mine, rival, blind])])
    assert [(one.rival, one.phrasing, one.n, one.difference) for one in found] == [
        ("overlap", "known", 20, 1),
        ("overlap", "unseen", 20, 0),
        ("ica", "known", 20, 1),
    ]


def test_pairs_with_a_margin_that_is_not_finite_on_either_side_are_left_out() -> None:
    mine, theirs = np.array(ONES), np.array(MOSTLY)
    mine[0], theirs[3], theirs[0] = np.nan, np.inf, np.nan
    kept = [i for i in range(40) if i not in (0, 3)]
    (found,) = contrasts([(SETTING, [scored("ica", mine), scored("overlap", theirs)])])
    whole = people(20)
    clean = [scored(n, m[kept], records=[whole[i] for i in kept]) for n, m in (("ica", mine), ("overlap", theirs))]
    assert found == contrasts([(SETTING, clean)])[0]
    assert found.n == 38
    nothing = scored("overlap", [np.nan] * 40)
    assert contrasts([(SETTING, [scored("ica", ONES), nothing])]) == []


def test_the_table_says_who_is_above_whom_by_how_much() -> None:
    found = contrasts([(SETTING, [scored("ica", ONES), scored("overlap", MOSTLY), scored("ica", MOSTLY, "none")])])
    head, first, second = table(found).splitlines()
    assert "Holm" in head
    assert first.split()[:6] == ["ica", "mixed", "-", "above", "overlap", "+50.0"]
    assert "above ica, none" in second


def test_learned_baselines_are_rivals_and_have_no_contrasts_of_their_own() -> None:
    baselines = [scored(name, MOSTLY, persona) for name in ("vpl", "lore") for persona in ("mixed", "shuffled")]
    assert names(contrasts([(SETTING, [scored("encoder", ONES), *baselines])])) == [
        ("encoder", "vpl", "mixed"),
        ("encoder", "lore", "mixed"),
    ]


def test_nothing_told_of_a_person_means_no_contrasts() -> None:
    assert contrasts([(SETTING, [scored("few_shot", ONES), scored("overlap", MOSTLY)])]) == []


def test_a_contrast_is_json_ready() -> None:
    values = Contrast("d", "ica", "mixed", "habit", "mixed", "-", 1 / 3, (0.1234567, 0.2), 1 / 3, 1.0, 4, 2).as_json()
    assert values["difference"] == pytest.approx(0.333333, abs=1e-9)
    assert values["ci95"] == [0.123457, 0.2]

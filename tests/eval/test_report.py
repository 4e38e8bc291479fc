import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from penchant.eval.contrasts import Contrast
from penchant.eval.measured import Results
from penchant.eval.report import Sample, Story, Written, headline, report
from penchant.eval.rows import Row

HOSTILE = "<script>alert('x')</script> & \"quoted\" <img src=http://example.com/x>"


CONTROLS = ("overlap", "style", "habit", "longer")
LIMITS = ("ideal", "coverage", "chance")
BASELINES = ("asked", "vpl", "lore")


def role_of(method: str) -> str:
    if method in ("few_shot", "base", "universal"):
        return "untrained"
    names = {"control": CONTROLS, "limit": LIMITS, "baseline": BASELINES}
    return next((role for role, members in names.items() if method in members), "personal")


def row(method: str, persona: str = "mixed", **changes: object) -> Row:
    changes = {"variant": "", "role": role_of(method), **changes}
    values = {"accuracy": 0.8, "ci95": (0.7, 0.9), "ceiling": 0.85, "attribute": "all", "phrasing": "known", **changes}
    return Row(
        dataset="simulated-forum",
        method=method,
        persona=persona,
        layout="user_first",
        seed=0,
        n=10,
        users=5,
        ties=0,
        macro=0.79,
        worst_decile=0.4,
        **values,
    )


ROWS = [
    row("pba", accuracy=0.82),
    row("ica", accuracy=0.8),
    row("few_shot", accuracy=0.55),
    row("overlap", accuracy=0.6),
    row("ica", variant="raw", role="reading"),
    row("pba", phrasing="unseen", accuracy=0.71),
    row("pba", attribute="mirrored"),
    row("base", "none", accuracy=0.5, ceiling=0.5),
]
CONTRAST = Contrast(
    "simulated-forum", "pba", "mixed", "overlap", "mixed", "known", 0.22, (0.1, 0.3), 0.0001, 0.0003, 10, 5
)


def told(rows: Sequence[Row], *contrasts: Contrast) -> list[str]:
    return headline(Results(tuple(rows), contrasts))


@pytest.fixture
def story() -> Story:
    points = [{"step": 10, "loss": 0.69, "accuracy": 0.5}, {"step": 20, "loss": 0.6, "accuracy": 0.7}]
    texts = (("ica", HOSTILE), ("pba", "plain"))
    return Story(
        title=f"Title {HOSTILE}",
        people=f"People {HOSTILE}",
        command=f"penchant demo --set 'name={HOSTILE}'",
        simulated=True,
        settings={"recipe": HOSTILE},
        curves={"ica": points, "pba": points},
        samples=[
            Sample(
                HOSTILE, (Written("One person", (HOSTILE,), texts), Written("The opposite person", ("short",), texts))
            )
        ],
        seconds={"evaluate": 1.23},
        versions={"python": "3.11"},
    )


def test_the_page_loads_nothing_from_elsewhere(story) -> None:
    page = report(Results(tuple(ROWS), (CONTRAST,)), story, personas=["mixed"])
    page = re.sub(r"&lt;.*?&gt;", "", page)
    assert not re.findall(r"<(?:script|link|iframe|img|object|embed)\b", page)
    assert not [link for link in re.findall(r"(?:src|href)\s*=\s*[\"']([^\"']*)", page) if not link.startswith("#")]
    assert "@import" not in page
    assert not re.findall(r"url\((?!#)", page)


def test_a_share_just_below_nothing_is_nothing(story) -> None:
    none = row("few_shot", accuracy=0.4999, ceiling=0.85)
    page = report(Results((*ROWS, none), ()), story, personas=["mixed"])
    assert ">0 %<" in page
    assert "-0 %" not in page


def test_text_of_people_and_models_is_escaped_wherever_it_stands(story) -> None:
    page = report(Results(tuple(ROWS), (CONTRAST,)), story, personas=["mixed"])
    assert page.startswith("<!doctype html>")
    assert "<script" not in page
    assert "<img" not in page
    assert page.count("&lt;script&gt;") >= 6


def test_a_simulation_is_called_one_and_real_data_is_not(story) -> None:
    from dataclasses import replace

    assert "<b>Simulated.</b>" in report(Results(tuple(ROWS), (CONTRAST,)), story, personas=["mixed"])
    assert "<b>Simulated.</b>" not in report(
        Results(tuple(ROWS), ()), replace(story, simulated=False), personas=["mixed"]
    )


def test_main_rows_stand_in_front_and_every_row_in_the_appendix(story) -> None:
    page = report(Results(tuple(ROWS), (CONTRAST,)), story, personas=["mixed"])
    front, appendix = page.split("<details>")
    assert "Known phrasings" in front
    assert "Phrasings kept from training people" in front
    assert "<td>ica_raw</td>" not in front
    assert "<td>mirrored</td>" not in front
    assert "ica_raw" in appendix
    assert "<td>mirrored</td>" in appendix
    assert f"variants ({len(ROWS)})" in appendix


def test_a_page_without_curves_samples_or_limits_stands(story) -> None:
    from dataclasses import replace

    rows = [row(method, ceiling=None) for method in ("ica", "few_shot")]
    page = report(Results(tuple(rows), ()), replace(story, curves={}, samples=[]), personas=["mixed"])
    assert "How training went" not in page
    assert "Two opposite people" not in page
    assert "limit" not in page.split("<details>")[0].replace("unlimited", "")


def test_contrasts_stand_on_the_page_with_their_corrected_p(story) -> None:
    page = report(Results(tuple(ROWS), (CONTRAST,)), story, personas=["mixed"])
    assert "+22.0" in page
    assert "0.0003" in page
    assert "Is it better than its rivals?" in page
    assert "Is it better than its rivals?" not in report(Results(tuple(ROWS), ()), story, personas=["mixed"])


def test_the_headline_compares_with_the_best_row_that_was_not_trained_on_personas() -> None:
    ica, pba = told(ROWS)
    assert ica == (
        "ica: 80.0 % (70.0 to 90.0, of 5 people) on mixed evidence in known phrasings, 86 % of the gain that is "
        "possible; 20.0 points above the best row that was trained on nobody's persona (overlap, 60.0 %)."
    )
    assert pba.startswith("pba: 82.0 %")
    assert "kept from training" not in pba
    _, pba = told([*ROWS, row("style", phrasing="unseen", accuracy=0.66)])
    assert pba.endswith(
        " In phrasings kept from training people: 71.0 % (70.0 to 90.0, of 5 people), 5.0 points above style, 66.0 %."
    )


def test_a_lead_that_may_be_chance_is_said_to_be() -> None:
    unseen = row("style", phrasing="unseen", accuracy=0.66)
    known, other = replace(CONTRAST, p_holm=0.09), replace(CONTRAST, rival="style", phrasing="unseen", p_holm=0.049)
    ica, pba = told([*ROWS, unseen], known, other)
    assert "chance" not in ica
    assert "(overlap, 60.0 %), which may be chance (p 0.0900 after correction). In phrasings" in pba
    assert pba.endswith("5.0 points above style, 66.0 %.")
    _, pba = told([*ROWS, unseen], CONTRAST, replace(other, p_holm=0.55))
    assert pba.endswith("5.0 points above style, 66.0 %, which may be chance (p 0.5500 after correction).")
    assert "(overlap, 60.0 %). In phrasings" in pba


def test_a_method_that_loses_to_a_control_is_said_to_be_below_it() -> None:
    (line,) = told([row("ica", accuracy=0.55), row("overlap", accuracy=0.6)])
    assert "5.0 points below the best row that was trained on nobody's persona (overlap, 60.0 %)" in line


def test_there_is_no_headline_without_mixed_evidence_or_anything_to_compare_with() -> None:
    assert told([row("ica", "ugc"), row("few_shot", "ugc")]) == []
    assert told([row("ica")]) == []


def test_what_the_base_can_read_when_asked_is_said_beside_what_it_does_unasked() -> None:
    rows = [row("ica", accuracy=0.84), row("few_shot", accuracy=0.52), row("asked", accuracy=0.86)]
    *_, line = told(rows)
    assert (
        "asked outright what the person said, it puts the right reply first in 86.0 %; given the plain post, in 52.0 %"
        in line
    )
    assert "nobody's persona (few_shot" in told(rows)[0]

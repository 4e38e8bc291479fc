"""The report: one HTML page without outside parts, readable by somebody who never saw the project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jinja2 import Environment, StrictUndefined

from penchant.eval.plots import accuracy_bars, training_curves
from penchant.eval.rows import Row, share_of_gain

UNTRAINED = ("few_shot", "base", "overlap", "habit", "longer", "style")
"""Rows that were not trained on any persona."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What two opposite people get for one prompt."""

    prompt: str
    people: tuple[tuple[str, tuple[str, ...], tuple[tuple[str, str], ...]], ...]
    """Per person: a name, the poles held, and (model name, text) pairs."""


@dataclass(frozen=True, slots=True)
class Story:
    """Everything on the page besides the rows."""

    title: str
    command: str
    simulated: bool
    settings: Mapping[str, str]
    curves: Mapping[str, Sequence[Mapping[str, float]]]
    samples: Sequence[Sample]
    seconds: Mapping[str, float]
    versions: Mapping[str, str]


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ story.title }}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body{font:16px/1.5 system-ui,sans-serif;color:#222;max-width:1100px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.2rem}
table{border-collapse:collapse;font-size:.85rem;width:100%}th,td{padding:.25rem .6rem;text-align:left;border-bottom:1px solid #e4e4e4}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}.note{background:#fff6e0;padding:.6rem 1rem;border-left:4px solid #d9a400}
svg{max-width:100%;height:auto}blockquote{margin:.3rem 0;padding:.3rem .8rem;border-left:3px solid #1f5f8b;background:#f4f8fb}
.two{display:grid;grid-template-columns:1fr 1fr;gap:1.2rem}code{background:#f2f2f2;padding:.1rem .3rem}
details{margin:.8rem 0}.small{font-size:.8rem;color:#555}
</style></head><body>
<h1>{{ story.title }}</h1>
{% if story.simulated %}<p class="note"><b>Simulated.</b> Every person, post, comment and choice on this page was
invented by a program. The numbers say how well the methods work where the truth is known; they are not results about
people.</p>{% endif %}
<h2>What was asked</h2>
<p>A person was never seen in training. We show a model something about them: what they wrote (<b>ugc</b>), what they
chose (<b>pair</b>), a description (<b>demo</b>), or a mixture (<b>mixed</b>). Then we give it a new post with two
replies, one of which this person prefers. Accuracy is the share of such pairs that the model ranks as the person does;
50 % is a coin. Nobody can reach 100 %: people choose against themselves now and then, and the evidence shown does not
cover everything. The dashed line is the exact limit for <em>any</em> method, from an observer who knows the rule of
the simulation and sees the same evidence.</p>
<h2>The answer</h2>
<p>{% for line in headline %}{{ line }}<br>{% endfor %}</p>
{{ bars|safe }}
<p class="small">People never met, known phrasings, all pairs. Bars with intervals over people; blue: models; sand:
rules that know no person or only count words; grey: limits; dashed: the ideal observer.</p>
{{ result_table("Known phrasings", known) }}
{{ result_table("Phrasings kept from training people", unseen) }}
<details><summary>Every row, with subsets and variants ({{ rows|length }})</summary>{{ result_table("", rows) }}</details>
{% macro result_table(title, these) %}{% if these %}
{% if title %}<h3>{{ title }}</h3>{% endif %}
<table><tr><th>method</th><th>persona</th><th>pairs</th><th>phrasing</th><th class="n">accuracy %</th>
<th class="n">95 % interval</th><th class="n">limit %</th><th class="n">share of the possible gain</th>
<th class="n">n</th><th class="n">users</th><th class="n">ties</th></tr>
{% for row in these %}<tr><td>{{ row.method }}</td><td>{{ row.persona }}</td><td>{{ row.attribute }}</td>
<td>{{ row.phrasing }}</td><td class="n">{{ "%.1f"|format(100 * row.accuracy) }}</td>
<td class="n">{{ "%.1f – %.1f"|format(100 * row.ci95[0], 100 * row.ci95[1]) }}</td>
<td class="n">{{ "–" if row.ceiling is none else "%.1f"|format(100 * row.ceiling) }}</td>
<td class="n">{{ "–" if share(row) is none else "%.0f %%"|format(100 * share(row)) }}</td>
<td class="n">{{ row.n }}</td><td class="n">{{ row.users }}</td><td class="n">{{ row.ties }}</td></tr>{% endfor %}
</table>{% endif %}{% endmacro %}
{% if story.curves %}<h2>How training went</h2>{{ curves|safe }}{% endif %}
{% for sample in story.samples %}{% if loop.first %}<h2>Two opposite people, one prompt</h2>
<p class="small">Sampled text (temperature 0.7). Both people hold opposite preferences on the same dimensions.</p>{% endif %}
<h3>“{{ sample.prompt }}”</h3><div class="two">
{% for name, poles, texts in sample.people %}<div><b>{{ name }}</b>
<p class="small">{{ poles|join(" · ") }}</p>
{% for model, text in texts %}<p class="small">{{ model }}</p><blockquote>{{ text }}</blockquote>{% endfor %}</div>{% endfor %}
</div>{% endfor %}
<h2>How to get these numbers again</h2>
<p><code>{{ story.command }}</code></p>
<table>{% for key, value in story.settings.items() %}<tr><td>{{ key }}</td><td>{{ value }}</td></tr>{% endfor %}
{% for key, value in story.seconds.items() %}<tr><td>seconds, {{ key }}</td><td>{{ "%.1f"|format(value) }}</td></tr>{% endfor %}
{% for key, value in story.versions.items() %}<tr><td>version, {{ key }}</td><td>{{ value }}</td></tr>{% endfor %}</table>
</body></html>
"""


def report(rows: Sequence[Row], story: Story, *, personas: Sequence[str]) -> str:
    """The page. Text of people and models is escaped; nothing is loaded from elsewhere."""
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True).from_string(_PAGE)
    known = [row for row in rows if row.phrasing in ("known", "-") and row.attribute == "all"]
    main = [row for row in known if not _variant(row.method)]
    order = ("ideal", "pba", "ica", "encoder", "few_shot", "overlap", "style", "habit", "longer")
    methods = [method for method in order if any(row.method == method for row in main)]
    return page.render(
        story=story,
        rows=rows,
        known=main,
        unseen=[r for r in rows if r.phrasing == "unseen" and r.attribute == "all" and not _variant(r.method)],
        headline=headline(main),
        share=share_of_gain,
        bars=accuracy_bars(main, personas, methods),
        curves=training_curves(story.curves) if story.curves else "",
    )


def headline(rows: Sequence[Row]) -> list[str]:
    """One sentence per trained method: accuracy, limit, and the distance to the best row without personas."""
    lines = []
    mixed = {row.method: row for row in rows if row.persona == "mixed" and row.attribute == "all"}
    rivals = [row for name, row in mixed.items() if name in UNTRAINED]
    for name in ("ica", "pba"):
        if name in mixed and rivals:
            best = max(rivals, key=lambda row: row.accuracy)
            gained = share_of_gain(mixed[name])
            part = "" if gained is None else f", {100 * gained:.0f} % of the gain that is possible"
            lines.append(
                f"{name.upper()}: {100 * mixed[name].accuracy:.1f} % on mixed evidence{part}; "
                f"{100 * (mixed[name].accuracy - best.accuracy):.1f} points above the best row that was not trained on "
                f"personas ({best.method}, {100 * best.accuracy:.1f} %)."
            )
    return lines


def _variant(method: str) -> bool:
    return method.endswith(("_same_prompt", "_raw", "_normalised"))

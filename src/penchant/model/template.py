"""Chat templates: the two that penchant brings for tokenizers without one, and the date of those that write today's.

A template from a model is kept as it is, but for the date: results would change with every day.
"""

from __future__ import annotations

from pathlib import Path

from penchant.errors import ModelError

DATE = "26 July 2024"
"""The day that stands for today in every template: the default of Llama 3's own."""
_DAY = {
    "%Y": "2024", "%y": "24", "%m": "07", "%d": "26", "%-d": "26", "%e": "26", "%-m": "7", "%B": "July", "%b": "Jul",
    "%h": "Jul", "%A": "Friday", "%a": "Fri", "%j": "208", "%H": "12", "%I": "12", "%M": "00", "%S": "00", "%p": "PM",
    "%F": "2024-07-26", "%x": "07/26/24", "%D": "07/26/24", "%T": "12:00:00", "%X": "12:00:00",
}  # fmt: skip
_CLOCK = "strftime_now"
"""The function by which templates ask for today's date."""
_FIXED = (
    f"{{%- macro {_CLOCK}(format) -%}}{{{{ format"
    + "".join(f" | replace('{code}', '{text}')" for code, text in _DAY.items())
    + " }}{%- endmacro -%}"
)

TEMPLATES = {
    "chatml": (
        "{{ bos_token }}{% for message in messages %}{{ '<|im_start|>' + message.role + '\n' + message.content "
        "+ '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
    ),
    "plain": (
        "{{ bos_token }}{% for message in messages %}"
        "{% if message.role == 'assistant' %}{{ 'Assistant: ' + message.content + (eos_token or '') + '\n\n' }}"
        "{% elif message.role == 'user' %}{{ 'User: ' + message.content + '\n\n' }}"
        "{% elif message.role == 'system' %}{{ message.content + '\n\n' }}{% endif %}"
        "{% endfor %}{% if add_generation_prompt %}Assistant:{% endif %}"
    ),
}
"""Templates by name, for base models whose tokenizer has none."""


def template_named(name: str) -> str:
    """One of TEMPLATES, or the content of a file.

    Raises:
        ModelError: there is neither.
    """
    if name in TEMPLATES:
        return TEMPLATES[name]
    try:
        return Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        names = ", ".join(TEMPLATES)
        raise ModelError(f"`template` {name} cannot be read; give {names}, or the file of a Jinja template") from error


def writes_date(template: str) -> bool:
    """Whether a template writes today's date."""
    return _CLOCK in template


def with_fixed_date(template: str) -> str:
    """The template with `DATE` in place of today's, also for other software that reads it; unchanged without a date."""
    return _FIXED + template if writes_date(template) and not template.startswith(_FIXED) else template

"""Templates that penchant brings, and templates that write today's date."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from transformers import PreTrainedTokenizerFast

from penchant.errors import ModelError
from penchant.message import Message
from penchant.model.chat import ChatTokenizer
from penchant.model.template import DATE, TEMPLATES, template_named, with_fixed_date

TALK = (Message("system", "Be kind."), Message("user", "tea?"), Message("assistant", "yes"), Message("user", "why?"))
DATED = (
    "{%- set day = strftime_now('%d %b %Y') if strftime_now is defined else 'never' %}{{ 'Today: ' + day }}"
    "{{ ', ' + strftime_now('%Y-%m-%d %B %-d %H:%M') }}{%- for m in messages %}"
    "{{ ' Q ' + m.content + eos_token }}{%- endfor %}"
)


def bare(chat: ChatTokenizer, template: str | None, **settings: Any) -> PreTrainedTokenizerFast:
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=chat.tokenizer.backend_tokenizer, eos_token="<|end|>", pad_token="<pad>", **settings
    )
    tokenizer.chat_template = template
    return tokenizer


@pytest.mark.parametrize(
    ("name", "prompt", "answer"),
    [
        (
            "chatml",
            "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\ntea?<|im_end|>\n<|im_start|>assistant\nyes"
            "<|im_end|>\n<|im_start|>user\nwhy?<|im_end|>\n<|im_start|>assistant\n",
            "so<|im_end|><|end|>",  # the tokenizer does not know ChatML's own end of turn
        ),
        ("plain", "Be kind.\n\nUser: tea?\n\nAssistant: yes<|end|>\n\nUser: why?\n\nAssistant:", " so<|end|>"),
    ],
)
def test_a_base_model_gets_a_template_by_name(chat: ChatTokenizer, name: str, prompt: str, answer: str) -> None:
    assert ChatTokenizer(bare(chat, template_named(name))).texts(TALK, ("so",)) == [prompt, answer]


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_text_starts_with_the_tokenizers_first_token(chat: ChatTokenizer, name: str) -> None:
    opened = ChatTokenizer(bare(chat, template_named(name), bos_token="<|user|>"))
    assert opened.prompt_text(TALK).startswith("<|user|>")


def test_a_template_can_be_a_file(tmp_path: Path, chat: ChatTokenizer) -> None:
    (tmp_path / "mine.jinja").write_text("{% for m in messages %}({{ m.content }}){% endfor %}", encoding="utf-8")
    opened = ChatTokenizer(bare(chat, template_named(str(tmp_path / "mine.jinja"))))
    assert opened.prompt_text(TALK) == "(Be kind.)(tea?)(yes)(why?)("  # with what precedes an answer
    with pytest.raises(ModelError, match="`template` other cannot be read; give chatml, plain, or the file"):
        template_named("other")


def test_todays_date_is_one_day_for_good_and_that_is_said_once(chat: ChatTokenizer) -> None:
    with pytest.warns(UserWarning, match=f"writes today's date: it is always {DATE}"):
        opened = ChatTokenizer(bare(chat, DATED))
    prompt = opened.prompt_text(TALK[1:2])
    assert prompt == "Today: 26 Jul 2024, 2024-07-26 July 26 12:00 Q tea?<|end|> Q "
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = ChatTokenizer(opened.tokenizer)
    assert again.prompt_text(TALK[1:2]) == prompt


def test_the_day_is_saved_with_the_tokenizer_for_whoever_reads_it(
    tmp_path: Path, chat: ChatTokenizer, recwarn: pytest.WarningsRecorder
) -> None:
    opened = ChatTokenizer(bare(chat, {"default": DATED, "tool_use": DATED}))
    opened.tokenizer.save_pretrained(tmp_path)
    read: Callable[..., Any] = PreTrainedTokenizerFast.from_pretrained(tmp_path).apply_chat_template
    assert "26 Jul 2024" in read([{"role": "user", "content": "tea?"}], tokenize=False)


def test_a_template_without_a_date_is_kept_as_it_is() -> None:
    assert with_fixed_date(TEMPLATES["chatml"]) == TEMPLATES["chatml"]
    assert with_fixed_date(with_fixed_date(DATED)) == with_fixed_date(DATED)

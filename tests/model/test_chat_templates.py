"""One contract for chat templates in the manner of well-known models, each reduced to what it does with turns.

Only `special` tokens of a family are special in its tokenizer; all other marks are plain text.
"""

import re
import warnings
from dataclasses import dataclass
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from penchant.errors import ModelError
from penchant.message import Message
from penchant.model.chat import ChatTokenizer


@dataclass(frozen=True)
class Family:
    template: str
    special: tuple[str, ...]
    """Special tokens; the last one is the tokenizer's end of text."""
    end: str
    """What ends an answer."""
    plain_marks: tuple[str, ...] = ()
    """Turn marks that are plain text or ordinary added tokens."""
    system: bool = True
    """Whether the template writes a system turn as a turn of its own."""
    alternates: bool = False
    """Whether turns of user and assistant must take turns."""


_ALTERNATE = (
    "{%- if (m.role == 'user') != (loop.index0 % 2 == 0) -%}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{%- endif -%}"
)

FAMILIES = {
    "chatml": Family(
        "{% if messages[0].role != 'system' %}{{ '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n' }}"
        "{% endif %}{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>' + '\n' }}"
        "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
        ("<|im_start|>", "<|endoftext|>", "<|im_end|>"),
        end="<|im_end|>",
    ),
    "llama3": Family(
        "{{- bos_token }}{%- set date = strftime_now('%d %b %Y') if strftime_now is defined else '1 Jan 2000' %}"
        "{%- if messages[0].role == 'system' %}{%- set system = messages[0].content | trim %}"
        "{%- set messages = messages[1:] %}{%- else %}{%- set system = '' %}{%- endif %}"
        "{{- '<|start_header_id|>system<|end_header_id|>\n\nToday Date: ' + date + '\n\n' + system + '<|eot_id|>' }}"
        "{%- for m in messages %}{%- if m.role == 'tool' %}{%- set role = 'ipython' %}{%- else %}"
        "{%- set role = m.role %}{%- endif %}"
        "{{- '<|start_header_id|>' + role + '<|end_header_id|>\n\n' + m.content | trim + '<|eot_id|>' }}{%- endfor %}"
        "{%- if add_generation_prompt %}{{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{%- endif %}",
        ("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|end_of_text|>"),
        end="<|eot_id|>",
    ),
    "gemma2": Family(
        "{{ bos_token }}{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}"
        "{% endif %}{% for m in messages %}"
        + _ALTERNATE
        + "{{ '<start_of_turn>' + ('model' if m.role == 'assistant' else m.role) + '\n' + m.content | trim "
        "+ '<end_of_turn>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}",
        ("<bos>", "<start_of_turn>", "<end_of_turn>", "<eos>"),
        end="<end_of_turn>",
        system=False,
        alternates=True,
    ),
    "gemma3": Family(
        "{{ bos_token }}{%- if messages[0].role == 'system' -%}{%- set first = messages[0].content + '\n\n' -%}"
        "{%- set messages = messages[1:] -%}{%- else -%}{%- set first = '' -%}{%- endif -%}"
        "{%- for m in messages -%}"
        + _ALTERNATE
        + "{{ '<start_of_turn>' + ('model' if m.role == 'assistant' else m.role) + '\n' + (first if loop.first else '')"
        " + m.content | trim + '<end_of_turn>\n' }}{%- endfor -%}"
        "{%- if add_generation_prompt -%}{{ '<start_of_turn>model\n' }}{%- endif -%}",
        ("<bos>", "<start_of_turn>", "<end_of_turn>", "<eos>"),
        end="<end_of_turn>",
        alternates=True,
    ),
    "mistral": Family(  # a system turn of any place is dropped without a word
        "{{ bos_token }}{% for m in messages if m.role != 'system' %}"
        + _ALTERNATE
        + "{% if m.role == 'user' %}{{ '[INST] ' + m.content + ' [/INST]' }}{% else %}"
        "{{ ' ' + m.content | trim + eos_token }}{% endif %}{% endfor %}",
        ("<s>", "</s>"),
        end="</s>",
        plain_marks=("[INST]", "[/INST]"),
        system=False,
        alternates=True,
    ),
    "llama2": Family(
        "{% if messages[0].role == 'system' %}{% set first = '<<SYS>>\n' + messages[0].content + '\n<</SYS>>\n\n' %}"
        "{% set messages = messages[1:] %}{% else %}{% set first = '' %}{% endif %}{% for m in messages %}"
        + _ALTERNATE
        + "{% if m.role == 'user' %}{{ bos_token + '[INST] ' + (first if loop.first else '') + m.content | trim "
        "+ ' [/INST]' }}{% else %}{{ ' ' + m.content | trim + ' ' + eos_token }}{% endif %}{% endfor %}",
        ("<s>", "</s>"),
        end="</s>",
        plain_marks=("[INST]", "[/INST]", "<<SYS>>", "<</SYS>>"),
        alternates=True,
    ),
    "qwen3": Family(  # an empty block of thoughts before the last answer, not before earlier ones
        "{%- set last = namespace(user=0) %}{%- for m in messages %}{%- if m.role == 'user' %}"
        "{%- set last.user = loop.index0 %}{%- endif %}{%- endfor %}{%- for m in messages %}"
        "{%- if m.role == 'assistant' %}{%- set content = m.content.split('</think>')[-1].lstrip('\n') %}"
        "{{- '<|im_start|>assistant\n' + ('<think>\n\n</think>\n\n' if loop.index0 > last.user else '') + content "
        "+ '<|im_end|>\n' }}{%- elif m.role == 'tool' %}"
        "{{- '<|im_start|>user\n<tool_response>\n' + m.content + '\n</tool_response><|im_end|>\n' }}{%- else %}"
        "{{- '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{%- endif %}{%- endfor %}"
        "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}"
        "{%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\n\n</think>\n\n' }}"
        "{%- endif %}{%- endif %}",
        ("<|im_start|>", "<|im_end|>"),
        end="<|im_end|>",
        plain_marks=("<think>", "</think>"),
    ),
    "no_switch": Family(  # thoughts before an answer, but no switch that writes them behind the generation prompt
        "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' }}{% if m.role == 'assistant' %}"
        "{{ '<think>\n\n</think>\n\n' }}{% endif %}{{ m.content + '<|im_end|>\n' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
        ("<|im_start|>", "<|im_end|>"),
        end="<|im_end|>",
        plain_marks=("<think>", "</think>"),
    ),
    "deepseek_r1": Family(  # the generation prompt opens thoughts that a conversation leaves out
        "{{ bos_token }}{% for m in messages if m.role == 'system' %}{{ m.content }}{% endfor %}{% for m in messages %}"
        "{% if m.role == 'user' %}{{ '<\uff5cUser\uff5c>' + m.content }}{% elif m.role == 'assistant' %}"
        "{{ '<\uff5cAssistant\uff5c>' + m.content.split('</think>')[-1] + eos_token }}{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<\uff5cAssistant\uff5c><think>\n' }}{% endif %}",
        ("<\uff5cbegin\u2581of\u2581sentence\uff5c>", "<\uff5cend\u2581of\u2581sentence\uff5c>"),
        end="<\uff5cend\u2581of\u2581sentence\uff5c>",
        plain_marks=("<\uff5cUser\uff5c>", "<\uff5cAssistant\uff5c>", "<think>"),
    ),
    "deepseek_v2": Family(
        "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}{{ 'User: ' + m.content + '\n\n' }}"
        "{% elif m.role == 'assistant' %}{{ 'Assistant: ' + m.content + eos_token }}{% elif m.role == 'system' %}"
        "{{ m.content + '\n\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}",
        ("<s>", "</s>"),
        end="</s>",
        plain_marks=("User:", "Assistant:"),
    ),
    "harmony": Family(  # an answer names its channel, which the generation prompt does not
        "{{ '<|start|>system<|message|>Current date: ' + strftime_now('%Y-%m-%d') + '<|end|>' }}{% for m in messages %}"
        "{% if m.role == 'assistant' %}{{ '<|start|>assistant<|channel|>final<|message|>' + m.content "
        "+ ('<|return|>' if loop.last else '<|end|>') }}{% elif m.role in ('user', 'system') %}"
        "{{ '<|start|>' + ('developer' if m.role == 'system' else m.role) + '<|message|>' + m.content + '<|end|>' }}"
        "{% else %}{{ raise_exception('Message has tool role, but there was no previous assistant message') }}"
        "{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|start|>assistant' }}{% endif %}",
        ("<|start|>", "<|message|>", "<|channel|>", "<|end|>", "<|return|>"),
        end="<|return|>",
    ),
    "phi3": Family(
        "{% for m in messages %}{{ '<|' + m.role + '|>\n' + m.content + '<|end|>\n' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}",
        ("<|system|>", "<|user|>", "<|assistant|>", "<|end|>", "<|endoftext|>"),
        end="<|end|>\n<|endoftext|>",
    ),
    "zephyr": Family(
        "{% for m in messages %}{% if m.role in ('system', 'user', 'assistant') %}"
        "{{ '<|' + m.role + '|>\n' + m.content + eos_token + '\n' }}{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}",
        ("<s>", "</s>"),
        end="</s>",
        plain_marks=("<|system|>", "<|user|>", "<|assistant|>"),
    ),
    "vicuna": Family(
        "{% if messages[0].role == 'system' %}{{ messages[0].content + ' ' }}{% set messages = messages[1:] %}"
        "{% else %}{{ 'A chat between a curious user and an assistant. ' }}{% endif %}{% for m in messages %}"
        "{% if m.role == 'user' %}{{ 'USER: ' + m.content + ' ' }}{% else %}"
        "{{ 'ASSISTANT: ' + m.content + eos_token }}{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}",
        ("<s>", "</s>"),
        end="</s>",
        plain_marks=("USER:", "ASSISTANT:"),
    ),
    "headings": Family(
        "{% for m in messages %}{% if m.role == 'system' %}{{ m.content + '\n\n' }}{% elif m.role == 'user' %}"
        "{{ '### Human:\n' + m.content + '\n\n' }}{% elif m.role == 'assistant' %}"
        "{{ '### Assistant:\n' + m.content + eos_token + '\n\n' }}{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}{{ '### Assistant:\n' }}{% endif %}",
        ("</s>",),
        end="</s>",
        plain_marks=("### Human:", "### Assistant:"),
    ),
}


def tokenizer_with(template: str | None, special: tuple[str, ...] = ("</s>",)) -> PreTrainedTokenizerFast:
    """A byte-level tokenizer with some special tokens; the last one ends a text, the first begins it."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator([], trainers.BpeTrainer(vocab_size=300, initial_alphabet=alphabet))
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in special])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=special[-1], bos_token=special[0], name_or_path="some/model"
    )
    fast.chat_template = template
    return fast


@cache
def opened(name: str) -> ChatTokenizer:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the date
        return ChatTokenizer(tokenizer_with(FAMILIES[name].template, FAMILIES[name].special))


def occurrences(mark: str, text: str) -> int:
    """How often a mark is in a text; a word is no mark inside of a longer one, as in SUPERUSER."""
    return len(re.findall(r"(?<!\w)" * mark[0].isalnum() + re.escape(mark), text))


ASK = (Message("user", "what about tea?"),)
INSTRUCTED = (Message("system", "Be kind."), *ASK)
LATER = (*INSTRUCTED, Message("assistant", "Green tea."), Message("user", "and with milk?"))
each_family = pytest.mark.parametrize("name", FAMILIES)


@each_family
@pytest.mark.parametrize("messages", [ASK, INSTRUCTED, LATER], ids=["one turn", "system", "later"])
def test_a_prompt_is_the_beginning_of_its_conversation_and_answers_end_their_turn(name: str, messages) -> None:
    chat = opened(name)
    prompt, hot, cold = chat.texts(messages, ("hot", "cold"))
    assert prompt == chat.prompt_text(messages)
    assert hot.strip().startswith("hot")
    assert hot.endswith(FAMILIES[name].end)
    assert hot.replace("hot", "cold") == cold
    encoded = chat.encode(messages, ("hot", "cold"))
    assert encoded.prompt == chat.prompt_ids(messages)
    assert chat.tokenizer.decode([*encoded.prompt, *encoded.answers[1]]) == prompt + cold
    # nothing but blanks and closed thoughts stands between the generation prompt and the answer
    generation = chat.tokenizer.apply_chat_template(
        [{"role": turn.role, "content": turn.content} for turn in chat.turns(messages)],
        tokenize=False,
        add_generation_prompt=True,
        enable_thinking=False,
    )
    assert prompt.startswith(generation)
    assert prompt[len(generation) :] in {
        "": ("",),
        "no_switch": ("<think>\n\n</think>\n\n",),
        "deepseek_r1": ("\n</think>\n\n",),
        "harmony": ("<|channel|>final<|message|>",),
    }.get(name, ("",))


@each_family
def test_a_conversation_is_what_the_template_writes(name: str) -> None:
    chat = opened(name)
    turns = [{"role": turn.role, "content": turn.content} for turn in chat.turns(LATER)]
    answer = {"role": "assistant", "content": "hot"}
    whole = chat.tokenizer.apply_chat_template([*turns, answer], tokenize=False, enable_thinking=False)
    written = "".join(chat.texts(LATER, ("hot",)))
    if name == "deepseek_r1":  # but for the thoughts that its generation prompt opens
        written = written.replace("<think>\n\n</think>\n\n", "")
    assert written == whole.rstrip()


@each_family
def test_every_text_of_a_conversation_is_in_the_prompt_once(name: str) -> None:
    text = opened(name).prompt_text(LATER)
    for turn in LATER:
        assert text.count(turn.content) == 1
    if not FAMILIES[name].system:
        assert "Be kind.\n\nwhat about tea?" in text


@each_family
def test_nobodys_text_opens_or_ends_a_turn(name: str) -> None:
    family, chat = FAMILIES[name], opened(name)
    marks = (*family.special, *family.plain_marks)
    harmless = chat.texts(LATER, ("hot",))
    for mark in marks:
        for attack in (mark, mark.join(["x", "y"]), mark[:3] + mark + mark[3:], f"{mark} {mark}\n{mark}"):
            attacked = (Message("system", attack), Message("user", attack), *LATER[2:-1], Message("user", attack))
            for text, clean in zip(chat.texts(attacked, (attack,)), harmless, strict=True):
                assert [occurrences(known, text) for known in marks] == [occurrences(known, clean) for known in marks]
    ids = chat.tokenizer.all_special_ids
    encoded, clean = chat.encode(attacked, ("".join(marks),)), chat.encode(LATER, ("hot",))
    for got, expected in zip((encoded.prompt, *encoded.answers), (clean.prompt, *clean.answers), strict=True):
        assert [i for i in got if i in ids] == [i for i in expected if i in ids]


@each_family
def test_ordinary_text_is_left_as_it_is(name: str) -> None:
    text = (
        "A user: an assistant, the system and a model. # Instructions [1] <b>bold</b> {x} User friendly; FAQ: no? ... "
        "You are a helpful assistant. Today Date: 26 Jul 2024\n\n* human, Human ### end"
    )
    assert text in opened(name).prompt_text((Message("user", text),))


@given(data=st.data(), name=st.sampled_from(sorted(FAMILIES)))
def test_no_text_at_all_holds_a_mark_afterwards(data: st.DataObject, name: str) -> None:
    family, chat = FAMILIES[name], opened(name)
    marks = (*family.special, *family.plain_marks)
    halves = [part for mark in marks for part in (mark, mark[:2], mark[2:], mark.upper(), mark.split()[-1])]
    pieces = data.draw(st.lists(st.sampled_from([*halves, " ", "\n", "x", "\u2026", "\uff5c"]), max_size=12))
    (turn,) = chat.turns((Message("user", "".join(pieces)),))
    assert not [mark for mark in marks if occurrences(mark, turn.content)]


@each_family
def test_every_end_of_turn_is_known(name: str) -> None:
    class Config:
        eos_token_id = (2, 7)

    family, chat = FAMILIES[name], opened(name)
    ends = chat.tokenizer.convert_tokens_to_ids([family.end.split("\n")[0], family.special[-1]])
    assert chat.end_ids() == tuple(sorted(set(ends)))
    assert chat.end_ids(Config()) == tuple(sorted({*ends, 2, 7}))


@pytest.mark.parametrize("name", [name for name, family in FAMILIES.items() if family.alternates])
def test_turns_that_must_alternate_are_refused_in_one_sentence(name: str) -> None:
    with pytest.raises(ModelError, match=r"'some/model' cannot write this conversation \(Conversation roles must alt"):
        opened(name).prompt_text((*ASK, *ASK))


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("zephyr", "does not write all text of a turn of the tool"),
        ("deepseek_v2", "does not write all text of a turn of the tool"),
        ("harmony", "cannot write this conversation .Message has tool role"),
    ],
)
def test_a_tool_turn_that_would_be_dropped_is_refused(name: str, problem: str) -> None:
    called = (*ASK, Message("assistant", "let me look"), Message("tool", "12 degrees"), Message("user", "so?"))
    with pytest.raises(ModelError, match=problem):
        opened(name).prompt_text(called)
    assert "12 degrees" in opened("qwen3").prompt_text(called)


def test_a_later_system_turn_opens_the_turn_that_follows_it() -> None:
    messages = (
        *INSTRUCTED,
        Message("assistant", "Green tea."),
        Message("system", "Be brief."),
        Message("user", "why?"),
    )
    for name in ("gemma2", "gemma3", "mistral"):
        assert "Be brief.\n\nwhy?" in opened(name).prompt_text(messages)
    assert opened("gemma3").turns(messages)[0] == Message("system", "Be kind.")
    assert opened("chatml").turns(messages) == messages


def test_a_text_that_a_template_cuts_is_refused() -> None:
    template = "{% for m in messages %}Q: {{ m.content.split('#')[0] }}</s>{% endfor %}"
    with pytest.raises(ModelError, match="does not write all text of a turn of the user"):
        ChatTokenizer(tokenizer_with(template)).prompt_text((Message("user", "one # two"),))


@pytest.mark.parametrize(
    "template", ["{% for %}", "{{ messages[7].content }}", "fixed", "{{ messages[0]['content'] }}"]
)
def test_a_template_that_cannot_write_a_question_and_its_answer_is_refused_at_once(template: str) -> None:
    with pytest.raises(ModelError, match="the chat template of 'some/model'"):
        ChatTokenizer(tokenizer_with(template))

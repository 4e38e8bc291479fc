"""Settings of every test, one small space, records with a planted preference, and the command line on a small forum.

Property tests are reproducible and not timed, as CI has two slow cores.
"""

import io
import json
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import settings
from hypothesis import strategies as st

from penchant import (
    Comment,
    Comparison,
    Correction,
    Demographics,
    Dimension,
    Person,
    Persona,
    PreferenceSpace,
    Provenance,
    Rating,
    Record,
    meet,
)

settings.register_profile("penchant", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("penchant")


@pytest.fixture(scope="session")
def tiny() -> PreferenceSpace:
    return PreferenceSpace(
        "tiny",
        (
            Dimension("length", "Length", "need", "Likes it short", "Likes it long"),
            Dimension("humour", "Humour", "need", "Likes jokes", "Dislikes jokes"),
            Dimension("depth", "Depth", "need", "Likes detail, with sources", "Likes the gist"),
        ),
    )


@pytest.fixture(scope="session")
def ann(tiny: PreferenceSpace) -> Person:
    """Short and with sources by what she wrote, and jokes by her own word."""
    evidence = (
        Comment("A long post", "Too long, no sources.", tiny.direction({"length": 1, "depth": 1})),
        Comparison("Best tea?", "Assam.", "It depends.", tiny.direction({"length": 1, "humour": -1})),
        Demographics("a nurse from Leeds", tiny.direction()),
    )
    return meet(Persona(evidence), tiny, corrections=(Correction("humour", 1),))


@pytest.fixture(scope="session")
def nobody(tiny: PreferenceSpace) -> Person:
    return meet(Persona(), tiny)


@pytest.fixture(scope="session")
def annotated(tiny: PreferenceSpace):
    """Labelled items of sixty people, then of twenty more who are named test-…"""
    from penchant.forum.population import ForumSettings
    from penchant.forum.simulate import simulate
    from penchant.infer.labelled import labelled

    settings = ForumSettings(
        train_users=60, test_users=40, active_min=2, active_max=3, target_dimensions=2, train_targets=2
    )
    forum = simulate(tiny, settings)
    return labelled([*forum.split("train"), *forum.split("test", "known")])


@pytest.fixture(scope="session")
def annotator(tiny: PreferenceSpace, annotated):
    """An annotator fitted on the sixty, over an encoder without weights."""
    from penchant.encoder.fake import FakeEncoder
    from penchant.fit.annotator import fit_annotator

    return fit_annotator([one for one in annotated if one.person.startswith("train")], FakeEncoder(), tiny, steps=200)


LIKINGS = {
    "garden/flowers": ("rose", "tulip", "petal", "bloom", "meadow", "daisy", "pollen", "orchid", "fern", "lily"),
    "garden/engines": ("gear", "piston", "diesel", "clutch", "rotor", "axle", "valve", "motor", "crank", "bolt"),
}


@pytest.fixture(scope="session")
def planted() -> list[Record]:
    """24 people of 4 records: half like answers about flowers, half about engines; their 2 choices each tell which.

    Only the choices tell which answer is preferred: over all people both kinds are preferred as often, at one length.
    """
    rng = random.Random("planted")
    records = []
    for person in range(24):
        liking = sorted(LIKINGS)[person % 2]
        other = sorted(LIKINGS)[1 - person % 2]

        def answer(about: str) -> str:
            return " ".join(rng.sample(LIKINGS[about], 5))

        for row in range(4):
            persona = Persona(tuple(Comparison("What else?", answer(liking), answer(other)) for _ in range(2)))
            records.append(
                Record(
                    f"planted-{person}-{row}",
                    f"person-{person}",
                    "What shall I read?",
                    answer(liking),
                    answer(other),
                    persona,
                    split="dev" if person < 6 else "train",
                    provenance=Provenance(attribute=liking),
                )
            )
    return records


@pytest.fixture(scope="session")
def any_questions() -> st.SearchStrategy[list[Record]]:
    """One to six records of people without a name, in some words of the planted ones and in others, for `data.draw`."""
    words = ["rose", "tulip", "gear", "bolt", "thanks", "yes!", "Why?", "a,", "\n", "MOSS."]
    texts = st.lists(st.sampled_from(words), min_size=1, max_size=8).map(" ".join).filter(str.strip)
    items = st.one_of(
        st.builds(Comment, texts, texts),
        st.builds(Comparison, texts, texts, texts),
        st.builds(Rating, texts, texts, st.booleans()),
        st.builds(Demographics, texts),
    )
    personas = st.lists(items, max_size=5).map(Persona.of_items)
    asked = st.lists(st.tuples(texts, texts, texts, personas), min_size=1, max_size=6)
    return asked.map(lambda some: [Record(f"r{i}", None, *one) for i, one in enumerate(some)])


@dataclass(frozen=True)
class Ran:
    """What one call of the command line did."""

    code: int
    out: str
    err: str

    @property
    def last(self) -> Any:
        """The last line of stdout as JSON."""
        return json.loads(self.out.splitlines()[-1])


@pytest.fixture(scope="session")
def penchant() -> Callable[..., Ran]:
    """Runs `penchant …` in this process as a shell would: exit code, stdout and stderr."""

    def run(*arguments: object) -> Ran:
        from penchant.cli import main

        out, err, code = io.StringIO(), io.StringIO(), 0
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.setattr(sys, "argv", ["penchant", *map(str, arguments)])
            try:
                main()
            except SystemExit as ended:
                code = int(ended.code or 0)
        return Ran(code, out.getvalue(), err.getvalue())

    return run


DIMENSIONS = ("openness", "order", "autonomy", "science", "cinema", "travel")
"""Those in play in the small forum."""


@pytest.fixture(scope="session")
def small_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained model of one narrow layer that knows the small forum's words."""
    from penchant.config import BaseSection
    from penchant.encoder.fake import FakeEncoder
    from penchant.forum.corpus import vocabulary
    from penchant.render import fixed_texts
    from penchant.space import load_space
    from penchant.train.base_model import fresh_model, save_base, word_tokenizer

    folder = tmp_path_factory.mktemp("base")
    space = load_space().subset(DIMENSIONS, name="small")
    tokenizer = word_tokenizer([*fixed_texts(), *vocabulary(space)])
    settings = BaseSection(hidden_size=16, layers=1, heads=2)
    save_base(fresh_model(tokenizer, settings, FakeEncoder(), seed=0), tokenizer, folder, curve=[], card="for tests\n")
    return folder


@pytest.fixture(scope="session")
def small_recipe(small_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole way in seconds: 24 people to train on, 16 to test, a few steps."""
    training = {"max_steps": 4, "users_per_step": 4, "pairs_per_user": 2, "save_steps": 2, "warmup_steps": 1}
    counts = {"train_users": 24, "test_users": 16, "train_targets": 2, "test_targets": 3}
    recipe = {
        "name": "small",
        "dimensions": list(DIMENSIONS),
        "base": str(small_base),
        "forum": {**counts, "active_min": 3, "active_max": 4, "target_dimensions": 2, "comments": 2, "comparisons": 2},
        "ica": training,
        "pba": {**training, "max_steps": 2, "golden_share": 0.5},
        "evaluate": {"samples": 1},
    }
    path = tmp_path_factory.mktemp("recipe") / "small.yaml"
    path.write_text(yaml.safe_dump(recipe), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def small_forum(penchant: Callable[..., Ran], small_recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `penchant simulate` wrote: train/, test/ and space.toml."""
    folder = tmp_path_factory.mktemp("forum")
    ran = penchant("simulate", "--recipe", small_recipe, "--out", folder)
    assert ran.code == 0, ran.err
    return folder


@pytest.fixture(scope="session")
def aligned(
    penchant: Callable[..., Ran], small_recipe: Path, small_forum: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """Models that `penchant train` made on the small forum, by method."""
    folder = tmp_path_factory.mktemp("aligned")
    for method in ("ica", "pba"):
        where = ("--data", small_forum / "train", "--out", folder / method)
        ran = penchant("train", "--recipe", small_recipe, "--method", method, *where)
        assert ran.code == 0, ran.err
    return {method: folder / method for method in ("ica", "pba")}


Reply = Callable[[dict[str, Any], int], Any]
"""(request, how many requests came before) -> a text to answer with, (status, headers), or what the server does."""


class ChatServer:
    """An OpenAI-compatible endpoint on loopback that answers, or misbehaves, as it is told."""

    def __init__(self) -> None:
        self.reply: Reply = lambda _request, _number: '{"says": []}'
        self.requests: list[dict[str, Any]] = []
        self.times: list[float] = []
        self.most_at_once = self._at_once = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        """What `base_url` is set to."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _begin(self, request: dict[str, Any]) -> int:
        with self._lock:
            self.requests.append(request)
            self.times.append(time.monotonic())
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            return len(self.requests) - 1

    def _end(self) -> None:
        with self._lock:
            self._at_once -= 1

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                number = server._begin(request)
                try:
                    reply = server.reply(request, number)
                finally:
                    server._end()
                if reply == "hang":
                    time.sleep(2)
                elif reply == "cut":  # the half of a body that was promised
                    self._send(200, {}, b'{"id": "x", "choices": [', promised=4096)
                elif reply == "page":
                    self._send(200, {"Content-Type": "text/html"}, b"<html>please log in</html>")
                elif reply == "garbled":
                    self._send(200, {"Content-Type": "application/json"}, b'{"id": "x", "choi')
                elif isinstance(reply, tuple):
                    status, headers = reply
                    error = json.dumps({"error": {"message": f"status {status}"}}).encode()
                    self._send(status, {"Content-Type": "application/json", **headers}, error)
                elif request.get("stream"):
                    self._send(200, {"Content-Type": "text/event-stream"}, events(reply).encode())
                else:
                    self._send(200, {"Content-Type": "application/json"}, json.dumps(completion(reply)).encode())

            def _send(self, status: int, headers: dict[str, str], body: bytes, *, promised: int | None = None) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(promised or len(body)))
                self.end_headers()
                self.wfile.write(body)
                self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler


def completion(content: str) -> dict[str, Any]:
    """A chat completion as the protocol has it."""
    message = {"role": "assistant", "content": content}
    return {
        "id": "chat-1",
        "object": "chat.completion",
        "created": 0,
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
    }


def events(content: str) -> str:
    """The same as a stream of chunks of three letters; without the end where the content is cut by "|"."""
    head = {"id": "chat-1", "object": "chat.completion.chunk", "created": 0, "model": "m"}
    content, cut, _ = content.partition("|")
    choices: list[tuple[dict[str, str], str | None]] = [
        ({"content": content[i : i + 3]}, None) for i in range(0, len(content), 3)
    ]
    chunks: list[dict[str, Any]] = [
        {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
        for delta, finish in [*choices, *([] if cut else [({}, "stop")])]
    ]
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    chunks.append({**head, "choices": [], "usage": usage})
    return "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"


@pytest.fixture
def served() -> Iterator[ChatServer]:
    server = ChatServer()
    yield server
    server.close()

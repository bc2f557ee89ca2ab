"""`lilliput data instruct`, training on its records, and the folder's chat template."""

import json
from pathlib import Path

import pytest

from lilliput.app.cli import run
from lilliput.app.server.chat import load_chat_template
from lilliput.app.server.schema import Message
from lilliput.formats.folder import load_folder_tokenizer, read_details
from lilliput.formats.weights import read_safetensors
from lilliput.stories.instruct import LEARN_AFTER
from lilliput.stories.story import read_jsonl
from lilliput.training.leading import open_batches
from lilliput.training.prepare import load_prepared
from lilliput.training.resume import RunFiles

PLAN = """
name = "tiny"
[model]
vocab_size = 400
d_model = 16
n_layers = 1
n_heads = 2
n_kv_heads = 1
d_ff = 24
context = 192
[train]
tokens = 3000
batch_tokens = 256
device = "cpu"
threads = 1
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with plan.toml, records.jsonl, and the instruct model in `model`."""
    root = tmp_path_factory.mktemp("instruct")
    (root / "plan.toml").write_text(PLAN)
    assert run(["data", "instruct", "world:80", "-o", str(root / "records.jsonl")]) == 0
    assert train(root, "model") == 0
    return root


def train(root: Path, out: str, *options: str, data: str = "records.jsonl") -> int:
    place = ["--data", str(root / data), "--out", str(root / out)]
    return run(["train", str(root / "plan.toml"), *place, *options])


def test_training_on_records_learns_the_stories_only(place: Path) -> None:
    prepared = load_prepared(RunFiles(place / "model"))
    assert prepared.plan.data.learn_after == LEARN_AFTER
    batches, tokenizer = open_batches(prepared.plan, prepared.train), prepared.tokenizer
    learnt = []
    for step in range(batches.steps_per_epoch):
        batch = batches.at(step)
        learnt += [
            tokenizer.decode(row[1 + skip :].tolist())
            for row, skip in zip(batch.rows, batch.skips, strict=True)
            if skip
        ]
    stories = [record.text.partition(LEARN_AFTER)[2] for record in read_jsonl(place / "records.jsonl")]
    assert len(learnt) > 40
    for text in learnt:
        assert text == "" or any(story.startswith(text) for story in stories)


def test_the_chat_template_gives_exactly_what_training_saw(place: Path) -> None:
    transformers = pytest.importorskip("transformers", reason="needs transformers")
    theirs = transformers.AutoTokenizer.from_pretrained(place / "model")
    prepared = load_prepared(RunFiles(place / "model"))
    unlearnt = read_safetensors(RunFiles(place / "model").unlearnt)["unlearnt"]
    for number in range(len(prepared.train)):
        ids = prepared.train.story(number).tolist()
        text = prepared.tokenizer.decode(ids)
        asked, _, story = text.partition(LEARN_AFTER)
        messages = [{"role": "user", "content": asked}, {"role": "assistant", "content": story}]
        assert theirs.apply_chat_template(messages, tokenize=False) == (
            theirs.bos_token + text + theirs.eos_token
        )
        assert theirs.apply_chat_template(messages, return_dict=False) == ids
        prompt = theirs.apply_chat_template(messages[:1], add_generation_prompt=True, return_dict=False)
        assert ids[: len(prompt)] == prompt
        assert unlearnt[number] == len(prompt) - 1  # learning begins where the answer does; BOS is no target


def test_the_diary_begins_where_a_record_asks(place: Path) -> None:
    prompt = load_prepared(RunFiles(place / "model")).plan.prompt
    assert prompt
    assert prompt.endswith(LEARN_AFTER)
    assert any(record.text.startswith(prompt) for record in read_jsonl(place / "records.jsonl"))


def test_our_server_reads_the_template_alike(place: Path) -> None:
    tokenizer = load_folder_tokenizer(place / "model")
    template = load_chat_template(place / "model", tokenizer)
    assert template
    said = Message(role="user", content="Words: cat, run, red")
    expected = [tokenizer.bos, *tokenizer.encode("Words: cat, run, red\nStory:")]
    assert template.ids([said]) == expected
    answer = Message(role="assistant", content="A cat ran.")
    again = [*expected, *tokenizer.encode(" \n\nA cat ran."), tokenizer.end, *expected]
    assert template.ids([said, answer, said]) == again


def test_a_message_that_training_had_no_place_for_is_refused(place: Path) -> None:
    transformers = pytest.importorskip("transformers", reason="needs transformers")
    theirs = transformers.AutoTokenizer.from_pretrained(place / "model")
    with pytest.raises(Exception, match="leave out messages of the role system"):
        theirs.apply_chat_template([{"role": "system", "content": "Be nice."}], tokenize=False)


def test_the_template_goes_with_the_model_when_it_is_quantized(place: Path) -> None:
    made = place / "int8"
    options = ["--to", "int8", "--out", str(made), "--data", str(place / "records.jsonl"), "--stories", "8"]
    assert run(["quantize", str(place / "model"), *options]) == 0
    config = json.loads((made / "tokenizer_config.json").read_text())
    assert config["chat_template"] == read_details(place / "model")["chat_template"]


def test_plain_stories_have_no_template_and_a_setting_turns_the_mask_off(place: Path) -> None:
    assert run(["data", "make", "--count", "40", "-o", str(place / "plain.jsonl")]) == 0
    assert train(place, "plain", data="plain.jsonl") == 0
    assert "chat_template" not in json.loads((place / "plain/tokenizer_config.json").read_text())
    assert train(place, "whole", "--set", "data.learn_after=") == 0
    assert load_prepared(RunFiles(place / "whole")).plan.data.learn_after is None
    assert "chat_template" not in json.loads((place / "whole/tokenizer_config.json").read_text())


def test_records_that_do_not_agree_are_refused(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = (place / "records.jsonl").read_text().splitlines()
    other = json.dumps({**json.loads(lines[0]), "learn_after": "\nTale:"})
    (place / "mixed.jsonl").write_text("\n".join([*lines, other]) + "\n")
    assert train(place, "mixed", data="mixed.jsonl") == 2
    assert r"'\nStory:' and '\nTale:'" in capsys.readouterr().err


def test_what_was_built_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = str(tmp_path / "apart.jsonl")
    options = ["--words-and-summary", "apart", "--json"]
    assert run(["data", "instruct", "world:60", "-o", target, *options]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["records"] == told["stories"] == 60
    assert told["words_and_summary"] == 0
    assert told["words"] > 0 < told["summary"]
    assert run(["data", "instruct", "world:60", "-o", target]) == 2
    assert "apart.jsonl" in capsys.readouterr().err

"""distinct-n and self-BLEU, by hand and against nltk and sacrebleu."""

import random

import pytest

from lilliput.stories.portrait.diversity import distinct_n, grams, self_bleu


def random_texts(seed: int, *, words: int = 12, stories: int = 9) -> list[list[str]]:
    draw = random.Random(seed)
    letters = "abcdefgh"
    return [[draw.choice(letters) for _ in range(draw.randrange(4, words))] for _ in range(stories)]


def test_distinct_n_is_the_share_of_different_ones() -> None:
    texts = [list("abcab"), list("ab")]
    assert distinct_n(texts, 1) == 3 / 7
    assert distinct_n(texts, 2) == 3 / 5  # "ab" three times; nothing crosses into the next text
    assert distinct_n(texts, 6) == 0


def test_grams_are_all_runs() -> None:
    assert grams(["a", "b", "c"], 2) == [("a", "b"), ("b", "c")]
    assert grams(["a"], 2) == []


def test_texts_that_are_alike_have_a_self_bleu_of_one_and_strangers_of_none() -> None:
    assert self_bleu([list("abcdef")] * 3) == pytest.approx(1)
    assert self_bleu([list("abcd"), list("efgh")]) == 0


def test_one_text_alone_is_refused() -> None:
    with pytest.raises(ValueError, match="compares each"):
        self_bleu([["a"]])


@pytest.mark.parametrize("seed", range(8))
def test_self_bleu_is_nltks(seed: int) -> None:
    bleu_score = pytest.importorskip("nltk.translate.bleu_score", reason="needs nltk")
    smooth = bleu_score.SmoothingFunction(epsilon=0.1).method1
    texts = random_texts(seed)
    expected = [
        bleu_score.sentence_bleu([*texts[:at], *texts[at + 1 :]], text, smoothing_function=smooth)
        for at, text in enumerate(texts)
    ]
    assert self_bleu(texts) == pytest.approx(sum(expected) / len(texts), abs=1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_self_bleu_is_sacrebleus(seed: int) -> None:
    sacrebleu = pytest.importorskip("sacrebleu", reason="needs sacrebleu")
    bleu = sacrebleu.BLEU(tokenize="none", smooth_method="floor", smooth_value=0.1, force=True)
    texts = [" ".join(text) for text in random_texts(seed)]
    expected = [
        bleu.sentence_score(text, [*texts[:at], *texts[at + 1 :]]).score for at, text in enumerate(texts)
    ]
    ours = self_bleu([text.split() for text in texts])
    assert 100 * ours == pytest.approx(sum(expected) / len(texts), abs=1e-9)

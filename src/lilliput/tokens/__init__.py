"""Text to ids and back."""

from lilliput.tokens.files import load_tokenizer
from lilliput.tokens.gpt2_files import has_gpt2_files, read_gpt2_files
from lilliput.tokens.llama2c_files import read_tokenizer_bin, write_tokenizer_bin
from lilliput.tokens.measure import Measures, measure_tokenizer
from lilliput.tokens.sentencepiece_files import read_sentencepiece
from lilliput.tokens.tokenizer import Tokenizer
from lilliput.tokens.train import train_tokenizer

__all__ = [
    "Measures",
    "Tokenizer",
    "has_gpt2_files",
    "load_tokenizer",
    "measure_tokenizer",
    "read_gpt2_files",
    "read_sentencepiece",
    "read_tokenizer_bin",
    "train_tokenizer",
    "write_tokenizer_bin",
]

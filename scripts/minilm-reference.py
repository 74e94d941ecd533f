#!/usr/bin/env python3
"""The vectors of all-MiniLM-L6-v2 by its definition, in double precision, for the test that compares ours with them.

    minilm-reference.py MODEL_DIRECTORY > reference.json

It shares nothing with what it checks: the tokenizer (BERT's word pieces), the six layers of the encoder, the mean of
the tokens and the length of 1 are written down here, over numpy alone.
"""

import json
import math
import struct
import sys
import unicodedata
from pathlib import Path

import numpy

TOKENS_MAX = 256
WORD_CHARS_MAX = 100

SENTENCES = [
    "This is an example sentence",
    "SSH brute force from 203.0.113.9: 520 failed logins, then sudo.",
    "many failed logins from one address",
    "password guessing against SSH",
    "a new printer was installed",
    "files were encrypted and backups deleted",
    "Ransomware on FILE-SRV-02 (C:\\Users\\Public\\u.exe)",
    "data was sent out over DNS",
    "exfiltration through name lookups",
    "the user logged in to the VPN",
    "A group policy was changed by CORP\\administrator at 03:12",
    "T1110.001 Password Guessing; T1078 Valid Accounts",
    "Überraschung: Anmeldung für Müller schlug fehl, naïve café",
    "疑わしいログインが検出されました",
    "подозрительный вход в систему",
    "powershell.exe -EncodedCommand SQBFAFgA 🙂 && whoami",
    "x",
    "tabs\tand\nlines\r\nand  many   spaces\u00a0and a zero\u200bwidth",
    "antidisestablishmentarianism " + "z" * 120 + " pneumonoultramicroscopicsilicovolcanoconiosis",
    "the user logged in and ran a program, " * 60,
]


def tensors(path):
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    found = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        found[name] = numpy.frombuffer(data[begin:end], "<f4").reshape(entry["shape"]).astype(numpy.float64)
    return found


def is_control(char):
    return char not in "\t\n\r" and unicodedata.category(char).startswith("C")


def is_punctuation(char):
    return (char.isascii() and char.isprintable() and not char.isalnum() and char != " ") or unicodedata.category(
        char
    ).startswith("P")


def is_chinese(char):
    blocks = [(0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F)]
    blocks += [(0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F)]
    return any(first <= ord(char) <= last for first, last in blocks)


def words(text):
    """Words and marks, in lower case and without accents."""
    text = "".join(" " if char.isspace() else char for char in text if char not in "\0\ufffd" and not is_control(char))
    text = "".join(f" {char} " if is_chinese(char) else char for char in text)
    text = "".join(char for char in unicodedata.normalize("NFD", text) if unicodedata.category(char) != "Mn").lower()
    for word in text.split():
        start = 0
        for end, char in enumerate(word):
            if is_punctuation(char):
                if start < end:
                    yield word[start:end]
                yield char
                start = end + 1
        if start < len(word):
            yield word[start:]


def pieces(word, vocabulary):
    """The longest pieces that there are, from the left."""
    if len(word) > WORD_CHARS_MAX:
        return ["[UNK]"]
    found, start = [], 0
    while start < len(word):
        candidates = (("##" if start else "") + word[start:end] for end in range(len(word), start, -1))
        piece = next((piece for piece in candidates if piece in vocabulary), None)
        if piece is None:
            return ["[UNK]"]
        found.append(piece)
        start += len(piece) - (2 if start else 0)
    return found


def tokens(text, vocabulary):
    found = [piece for word in words(text) for piece in pieces(word, vocabulary)][: TOKENS_MAX - 2]
    return [vocabulary[piece] for piece in ["[CLS]", *found, "[SEP]"]]


def vector(ids, weights, config):
    heads, width, layers = config["num_attention_heads"], config["hidden_size"], config["num_hidden_layers"]
    count = len(ids)
    erf = numpy.vectorize(math.erf)

    def normal(rows, name):
        mean, variance = rows.mean(-1, keepdims=True), rows.var(-1, keepdims=True)
        scaled = (rows - mean) / numpy.sqrt(variance + config["layer_norm_eps"])
        return scaled * weights[name + ".weight"] + weights[name + ".bias"]

    def linear(rows, name):
        return rows @ weights[name + ".weight"].T + weights[name + ".bias"]

    def split(rows):
        return rows.reshape(count, heads, width // heads).transpose(1, 0, 2)

    rows = weights["embeddings.word_embeddings.weight"][ids]
    rows = rows + weights["embeddings.position_embeddings.weight"][:count]
    rows = normal(rows + weights["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for layer in range(layers):
        at = f"encoder.layer.{layer}."
        query, key, value = (split(linear(rows, at + "attention.self." + part)) for part in ("query", "key", "value"))
        scores = query @ key.transpose(0, 2, 1) / math.sqrt(width // heads)
        scores = numpy.exp(scores - scores.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        seen = (scores @ value).transpose(1, 0, 2).reshape(count, width)
        rows = normal(rows + linear(seen, at + "attention.output.dense"), at + "attention.output.LayerNorm")
        inner = linear(rows, at + "intermediate.dense")
        inner = inner * 0.5 * (1 + erf(inner / math.sqrt(2)))
        rows = normal(rows + linear(inner, at + "output.dense"), at + "output.LayerNorm")
    mean = rows.mean(0)
    return mean / numpy.linalg.norm(mean)


def main():
    directory = Path(sys.argv[1])
    config = json.loads((directory / "config.json").read_text())
    lines = (directory / "vocab.txt").read_text(encoding="utf-8").splitlines()
    vocabulary = {piece: number for number, piece in enumerate(lines)}
    weights = tensors(directory / "model.safetensors")
    answers = []
    for sentence in SENTENCES:
        ids = tokens(sentence, vocabulary)
        numbers = [float(number) for number in vector(ids, weights, config)]
        answers.append({"text": sentence, "tokens": ids, "vector": numbers})
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()

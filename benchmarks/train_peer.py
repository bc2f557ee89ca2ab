"""One trainer of train_vs_peers.py, in a process of its own, perhaps by another Python.

`python train_peer.py ENGINE WISH.json` trains until it is ended, and prints `step N: TIMEms` of each
optimizer step, its batch drawn, forward, backward, clipping and update together. Engines: c, torch (ours)
and hf (transformers' Trainer). The wish: config (of a Llama), batch, stream (a file of uint16 ids), and for
ours precision and optimizer. `peak` multiplies and adds in registers, prints GFLOP/s of float32, and ends.
"""

import json
import sys
import time

import numpy as np

RATE = 1e-3
PEAK_LOOKS, PEAK_STEPS = 10, 20_000_000  # each a tenth of a second: longer than a burst of the clock
COUNTED_STEPS = 1000


def draw_windows(stream, count, length, random):
    """`count` windows of `length` ids, from anywhere in the stream."""
    starts = random.integers(0, len(stream) - length + 1, count)
    return [stream[start : start + length].astype(np.int64) for start in starts.tolist()]


def train_ours(engine, wish):
    """Lilliput's C or torch step."""
    from lilliput.models.config import LlamaConfig
    from lilliput.stories.batches import Batch
    from lilliput.training.plan import TrainPlan

    config = LlamaConfig(**wish["config"])
    targets = wish["batch"] * config.context
    plan = TrainPlan(
        tokens=targets,
        batch_tokens=targets,
        step=engine,
        device="cpu",
        precision=wish["precision"],
        optimizer=wish["optimizer"],
        learning_rate=RATE,
    )
    if engine == "c":
        from lilliput.training.step_c import CStep as Step
    else:
        from lilliput.training.step_torch import TorchStep as Step
    step, random = Step(config, plan, 0), np.random.default_rng(0)
    stream = np.memmap(wish["stream"], np.uint16, "r")
    number, began = 0, time.perf_counter()
    while True:
        step.learn(Batch(draw_windows(stream, wish["batch"], config.context + 1, random), targets, 0), 1.0)
        ended = time.perf_counter()
        print(f"step {number}: {1000 * (ended - began):.3f}ms", flush=True)
        number, began = number + 1, ended


def train_hf(wish):
    """transformers' Trainer; a window is `context` ids, as its users cut them: one target less is learnt."""
    import tempfile

    import torch
    from transformers import LlamaConfig, LlamaForCausalLM, Trainer, TrainerCallback, TrainingArguments

    shape = wish["config"]
    stream = np.memmap(wish["stream"], np.uint16, "r")
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=shape["vocab_size"],
            hidden_size=shape["d_model"],
            intermediate_size=shape["d_ff"],
            num_hidden_layers=shape["n_layers"],
            num_attention_heads=shape["n_heads"],
            num_key_value_heads=shape["n_kv_heads"],
            max_position_embeddings=shape["context"],
            tie_word_embeddings=True,
            use_cache=False,
        )
    )

    class Windows(torch.utils.data.Dataset):
        def __len__(self):
            return len(stream) // shape["context"]

        def __getitem__(self, index):
            start = index * shape["context"]
            ids = torch.from_numpy(stream[start : start + shape["context"]].astype(np.int64))
            return {"input_ids": ids, "labels": ids}

    class Clock(TrainerCallback):
        began = time.perf_counter()

        def on_step_end(self, _arguments, state, _control, **_):
            ended = time.perf_counter()
            print(f"step {state.global_step}: {1000 * (ended - self.began):.3f}ms", flush=True)
            self.began = ended

    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            per_device_train_batch_size=wish["batch"],
            max_steps=10**9,
            learning_rate=RATE,
            lr_scheduler_type="constant",
            weight_decay=0.1,
            max_grad_norm=1.0,
            use_cpu=True,
            bf16=wish["precision"] == "bfloat16",
            report_to=[],
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
            dataloader_drop_last=True,
            dataloader_pin_memory=False,
        )
        Trainer(model=model, args=arguments, train_dataset=Windows(), callbacks=[Clock()]).train()


def measure_peak():
    """GFLOP/s of float32 on every processor: the best of some looks, since others can only lower it."""
    from lilliput.runtime.ceilings import Loops
    from lilliput.training.step_c import available_threads

    loops = Loops(available_threads())
    per_step = 2 * loops.multiply(False, COUNTED_STEPS) / COUNTED_STEPS
    best = 0.0
    for _ in range(PEAK_LOOKS):
        began = time.perf_counter()
        loops.multiply(False, PEAK_STEPS)
        best = max(best, per_step * PEAK_STEPS / (time.perf_counter() - began) / 1e9)
    return best


def main(engine, path):
    """Train as the wish says, or measure the peak."""
    if engine == "peak":
        print(measure_peak())
        return
    with open(path) as file:
        wish = json.load(file)
    if engine == "hf":
        train_hf(wish)
    else:
        train_ours(engine, wish)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])

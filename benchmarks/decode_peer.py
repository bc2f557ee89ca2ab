"""One engine of decode_vs_peers.py, in a process of its own, perhaps by another Python.

`python decode_peer.py ENGINE MODEL THREADS` loads the model, says `ready`, and then answers each line
{"ids": [...], "count": N} with {"seconds": s, "ids": N greedy ids}. Engines: llama_cpp, transformers, and
ours as f32, int8, int4; `bandwidth` measures how fast one core reads memory and ends.
"""

import json
import sys
import time


def make_llama_cpp(model, threads):
    """llama.cpp through its C interface; flash attention off, which is faster at these sizes."""
    import llama_cpp as c

    params = c.llama_model_default_params()
    params.n_gpu_layers = 0
    loaded = c.llama_model_load_from_file(model.encode(), params)
    settings = c.llama_context_default_params()
    settings.n_ctx = 0
    settings.n_threads = settings.n_threads_batch = threads
    settings.flash_attn_type = c.LLAMA_FLASH_ATTN_TYPE_DISABLED
    settings.no_perf = True
    context = c.llama_init_from_model(loaded, settings)
    greedy = c.llama_sampler_init_greedy()

    def write(ids, count):
        c.llama_memory_clear(c.llama_get_memory(context), True)
        out, fed, began = [], ids, time.perf_counter()
        while len(out) < count:
            batch = c.llama_batch_get_one((c.llama_token * len(fed))(*fed), len(fed))
            if c.llama_decode(context, batch):
                raise RuntimeError("llama_decode failed")
            fed = [c.llama_sampler_sample(greedy, context, -1)]
            out += fed
        return time.perf_counter() - began, out

    return write


def make_transformers(model, threads):
    """transformers' generate, in float32."""
    import torch
    from transformers import AutoModelForCausalLM, logging

    logging.set_verbosity_error()
    torch.set_num_threads(threads)
    loaded = AutoModelForCausalLM.from_pretrained(model).eval()

    def write(ids, count):
        wish = {"max_new_tokens": count, "min_new_tokens": count, "do_sample": False, "max_length": None}
        began = time.perf_counter()
        with torch.inference_mode():
            out = loaded.generate(torch.tensor([ids]), pad_token_id=0, eos_token_id=-1, **wish)
        return time.perf_counter() - began, out[0, len(ids) :].tolist()

    return write


def make_ours(model, threads, precision):
    """Lilliput's C engine on a model folder."""
    from pathlib import Path

    from lilliput.formats.folder import load_folder
    from lilliput.generation.batch import Request
    from lilliput.generation.c_batch import CBatch, engine_image
    from lilliput.generation.sample import Sampling

    folder = load_folder(Path(model))
    engine = CBatch(engine_image(folder.config, folder.weights, precision), 1, threads, precision=precision)

    def write(ids, count):
        request = Request(tuple(ids), Sampling(temperature=0.0), 0, count, frozenset())
        began = time.perf_counter()
        engine.begin(0, request)
        (event,) = engine.run(count)
        return time.perf_counter() - began, list(event.ids)

    return write


def measure_bandwidth():
    """GB/s of reading, one core, by size of what is read: within L2, within L3, far beyond."""
    import numpy as np

    rates = {}
    for name, mebibytes in (("0.5 MiB", 0.5), ("8 MiB", 8), ("512 MiB", 512)):
        array = np.ones(int(mebibytes * 2**18), np.float32)
        rounds = max(1, int(2048 / mebibytes))
        best = 0.0
        for _ in range(5):
            began = time.perf_counter()
            for _ in range(rounds):
                np.dot(array, array)
            best = max(best, array.nbytes * rounds / (time.perf_counter() - began) / 1e9)
        rates[name] = round(best, 1)
    return rates


def main(engine, model, threads):
    """Serve requests from stdin until it closes."""
    if engine == "bandwidth":
        print(json.dumps(measure_bandwidth()))
        return
    makers = {
        "llama_cpp": make_llama_cpp,
        "transformers": make_transformers,
        "f32": lambda model, threads: make_ours(model, threads, "f32"),
        "int8": lambda model, threads: make_ours(model, threads, "int8"),
        "int4": lambda model, threads: make_ours(model, threads, "int4"),
    }
    write = makers[engine](model, threads)
    print("ready", flush=True)
    for line in sys.stdin:
        wish = json.loads(line)
        write(wish["ids"], wish["count"])  # the others ran since: fill the caches again
        seconds, ids = write(wish["ids"], wish["count"])
        print(json.dumps({"seconds": seconds, "ids": ids}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))

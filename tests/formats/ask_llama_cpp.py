"""What llama.cpp makes of a GGUF file: run by another Python, whose packages exclude ours.

Reads a job as JSON from stdin and answers as JSON on stdout:

    {"model": path, "texts": [text, ...], "prompt": [id, ...], "count": greedy ids to write}
    -> {"ids": [ids of each text, BOS first], "story": [id, ...], "text": what the story's ids spell}

That Python has either llama-cpp-python (built from source) or xllamacpp (wheels, llama.cpp's own server).
"""

import json
import sys
import urllib.request


def ask_llama_cpp_python(job):
    import llama_cpp
    import numpy as np

    llm = llama_cpp.Llama(
        job["model"],
        n_ctx=0,
        n_threads=1,
        n_threads_batch=1,
        flash_attn=False,
        type_k=llama_cpp.GGML_TYPE_F32,
        type_v=llama_cpp.GGML_TYPE_F32,
        verbose=False,
    )
    ids = [llm.tokenize(text.encode(), add_bos=True, special=False) for text in job["texts"]]
    story, fed = [], job["prompt"]
    while len(story) < job["count"]:
        llm.eval(fed)
        logits = np.ctypeslib.as_array(llm._ctx.get_logits(), shape=(llm.n_vocab(),))
        fed = [int(logits.argmax())]
        story += fed
    return {"ids": ids, "story": story, "text": llm.detokenize(story).decode("utf-8", "replace")}


def ask_xllamacpp(job):
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = job["model"]
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.n_parallel, params.n_ctx = 1, 0
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
    params.warmup, params.fit_params = False, False
    server = xllamacpp.Server(params)

    def post(path, body):
        request = urllib.request.Request(
            server.listening_address + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    ids = [
        post("/tokenize", {"content": text, "add_special": True, "parse_special": False})["tokens"]
        for text in job["texts"]
    ]
    story = {"tokens": [], "content": ""}
    if job["count"]:
        wish = {"prompt": job["prompt"], "n_predict": job["count"], "temperature": 0, "return_tokens": True}
        story = post("/completion", {**wish, "ignore_eos": True, "cache_prompt": False})
    return {"ids": ids, "story": story["tokens"], "text": story["content"]}


def main():
    job = json.load(sys.stdin)
    try:
        import llama_cpp  # noqa: F401
    except ImportError:
        answer = ask_xllamacpp(job)
    else:
        answer = ask_llama_cpp_python(job)
    sys.stdout.write("\n" + json.dumps(answer))


if __name__ == "__main__":
    main()

/* Tells stories with a module that `lilliput export MODEL --to wasm -o story.wasm` made. Node 18 or later, browsers.
 *
 *   import { load } from "./story.mjs";
 *   const story = await load(bytes);               // of story.wasm: an ArrayBuffer, a Uint8Array, a Node Buffer
 *   for (const piece of story.tell("Once upon", { temperature: 0.8, seed: 1 })) process.stdout.write(piece);
 *
 * The text is that of `lilliput tell FOLDER "Once upon" --engine integer --seed 1`, on any machine.
 */

const FACTS = ["version", "vocab", "context", "bos", "end", "logitBits", "textRoom", "textAt", "idsAt", "pieceAt"];
const LARGEST_SEED = (1n << 63n) - 1n;
const OPTIONS = ["temperature", "topP", "topK", "minP", "seed", "tokens"];

/** A Story of the module's bytes. Rejects with an Error for bytes that are no module of ours. */
export async function load(bytes) {
  const { instance } = await WebAssembly.instantiate(bytes, {});
  return new Story(instance.exports);
}

/** One model and one story at a time. */
export class Story {
  #engine;
  #memory;
  #facts;
  #turn = 0;

  /** `engine`: the exports of the module. */
  constructor(engine) {
    if (!engine.facts) throw new Error("this module was not made by lilliput export --to wasm");
    const at = engine.facts();
    const numbers = new Int32Array(engine.memory.buffer, at, FACTS.length);
    this.#engine = engine;
    this.#memory = engine.memory;
    this.#facts = Object.fromEntries(FACTS.map((name, place) => [name, numbers[place]]));
    if (this.#facts.version !== 1) throw new Error(`the module's version is ${this.#facts.version}, and 1 is known`);
    /** New tokens of the story that is told, its end not among them. */
    this.tokens = 0;
    /** How it ended: "end" (its own), "context" (the model reads no more), "length" (`tokens`), or null. */
    this.ending = null;
  }

  /** Ids are 0 to vocab - 1. */
  get vocab() { return this.#facts.vocab; }
  /** Most tokens that the model reads. */
  get context() { return this.#facts.context; }
  /** The id before every story. */
  get bos() { return this.#facts.bos; }
  /** The id behind every story, or the first of several. */
  get end() { return this.#facts.end; }
  /** Logits are nats in units of 2 ** -logitBits. */
  get logitBits() { return this.#facts.logitBits; }

  /** The ids of a text, without BOS: a Uint16Array. Throws a RangeError for what the model cannot read, and a TypeError
   * for what is no string. */
  encode(text) {
    if (typeof text !== "string") throw new TypeError(`a text is a string, not ${nameType(text)}`);
    const bytes = new TextEncoder().encode(text);
    const { textRoom, textAt, idsAt, context } = this.#facts;
    if (bytes.length > textRoom) throw new RangeError(`the beginning is too long: the model reads ${context} tokens at most`);
    new Uint8Array(this.#memory.buffer, textAt, textRoom).set(bytes);
    const count = this.#engine.encode(bytes.length);
    if (count === -2) throw new RangeError("the model has no token for a character of this text");
    if (count < 0) throw new RangeError(`the beginning is too long: the model reads ${context} tokens at most`);
    return new Uint16Array(this.#memory.buffer, idsAt, count).slice();
  }

  /** A new text: nothing is read yet. What was being told can not go on. */
  start() {
    this.#turn += 1;
    this.#engine.start();
  }

  /** Read one id more: an Int16Array of `vocab` logits, which the next read overwrites; null where the context is full.
   * Throws a TypeError or RangeError for what is no id. */
  read(id) {
    requireNumber("id", id, `0 to ${this.vocab - 1}`, (value) => Number.isInteger(value) && value >= 0 && value < this.vocab);
    const at = this.#engine.read(id);
    return at ? new Int16Array(this.#memory.buffer, at, this.vocab) : null;
  }

  /** Tell a story, piece by piece, the opening first; no piece splits a character. Options, and their defaults:
   *
   * temperature 0.8   0, 0.1 … 2: 0 is always the likeliest token, 1 as learnt
   * topP 0.95         only the likeliest tokens that together reach topP
   * topK 0            only the k likeliest; 0: all
   * minP 0            only tokens at least this share as likely as the likeliest
   * seed              0 to 2 ** 63 - 1, a Number or a BigInt; another each time if not given
   * tokens            most new tokens, 1 or more; as many as the context holds if not given
   *
   * Throws, with the first piece, a RangeError for a value or an opening that cannot be, and a TypeError for an option
   * that there is none of or that is no number. `tokens` and `ending` of the Story tell more.
   */
  *tell(opening = "", options = {}) {
    const { seed, most, how } = this.#prepare(options);
    const prompt = [this.bos, ...this.encode(opening)];
    const { context } = this;
    if (prompt.length >= context) {
      throw new RangeError(`the beginning has ${prompt.length} tokens and the model reads ${context} at most; shorten it`);
    }
    this.start();
    this.#engine.draw(...how);
    this.#engine.seed(Number(seed & 0xffffffffn) | 0, Number(seed >> 32n) | 0);
    this.tokens = 0;
    this.ending = null;
    const turn = this.#turn;
    const spell = this.#makeSpeller();
    for (const id of prompt) {
      this.#engine.read(id);
      const text = spell(id);
      if (text) yield text;
      if (turn !== this.#turn) throw new Error("another story was begun");
    }
    while (this.ending === null) {
      const id = this.#engine.choose();
      if (this.#engine.ends(id)) this.ending = "end";
      else {
        const text = spell(id);
        this.tokens += 1;
        // the last token of a full context is written and not read
        if (this.tokens === most) this.ending = prompt.length + most > context ? "context" : "length";
        else if (!this.#engine.read(id)) this.ending = "context";
        if (text) yield text;
        if (turn !== this.#turn) throw new Error("another story was begun");
      }
    }
    const tail = spell(null);
    if (tail) yield tail;
  }

  /** Check the options; returns the seed, a BigInt, the most new tokens, and how tokens are drawn. */
  #prepare(options) {
    if (options === null || typeof options !== "object") {
      throw new TypeError(`options are an object such as { seed: 1 }, not ${nameType(options)}`);
    }
    for (const name of Object.keys(options)) {
      if (!OPTIONS.includes(name)) throw new TypeError(`no option ${name}: there are ${OPTIONS.join(", ")}`);
    }
    const { temperature = 0.8, topP = 0.95, topK = 0, minP = 0, seed, tokens } = options;
    requireNumber("temperature", temperature, "0, 0.1, 0.2 … or 2",
      (t) => t >= 0 && t <= 2 && Math.abs(Math.round(t * 10) - t * 10) < 1e-6);
    requireNumber("topP", topP, "more than 0, at most 1", (p) => p > 0 && p <= 1);
    requireNumber("topK", topK, "a whole number, 0 to 65535", (k) => Number.isInteger(k) && k >= 0 && k < 65536);
    requireNumber("minP", minP, "0 to less than 1", (p) => p >= 0 && p < 1);
    if (tokens !== undefined) {
      requireNumber("tokens", tokens, "a whole number, 1 or more", (count) => Number.isInteger(count) && count >= 1);
    }
    const chosen = seed === undefined ? BigInt(Math.floor(Math.random() * 2 ** 31)) : readSeed(seed);
    const below = minP > 0 ? Math.min(65535, roundHalfEven(-256 * Math.log2(minP))) : 65535;
    const how = [Math.round(temperature * 10), topK, Math.max(1, roundHalfEven(topP * 65536)), below];
    return { seed: chosen, most: tokens ?? Infinity, how };
  }

  /** From one id after another to the text that is now complete; null: what is left. */
  #makeSpeller() {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    let first = 1;
    return (id) => {
      if (id === null) return decoder.decode();
      const count = this.#engine.piece(id, first);
      if (count > 0) first = 0;
      return decoder.decode(new Uint8Array(this.#memory.buffer, this.#facts.pieceAt, count), { stream: true });
    };
  }
}

/** A seed as a BigInt. */
function readSeed(seed) {
  const allowed = `a whole number, 0 to ${LARGEST_SEED}; a BigInt above ${Number.MAX_SAFE_INTEGER}`;
  if (typeof seed !== "bigint") requireNumber("seed", seed, allowed, Number.isSafeInteger); // others have lost digits
  if (seed < 0 || seed > LARGEST_SEED) throw new RangeError(`seed ${seed}: give ${allowed}`);
  return BigInt(seed);
}

/** Throws a TypeError for what is no number, and a RangeError where `isAllowed` is not true; `allowed` says what is. */
function requireNumber(name, value, allowed, isAllowed) {
  if (typeof value !== "number") throw new TypeError(`${name} is ${nameType(value)}: give a number, ${allowed}`);
  if (!isAllowed(value)) throw new RangeError(`${name} ${value}: give ${allowed}`);
}

/** Such as "a string", "null". */
function nameType(value) {
  if (value === null || value === undefined) return String(value);
  return `${typeof value === "object" ? "an" : "a"} ${typeof value}`;
}

/** As Python's round: halves go to the even neighbour. */
function roundHalfEven(value) {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 ? rounded - 1 : rounded;
}

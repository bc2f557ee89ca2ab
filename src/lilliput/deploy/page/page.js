/* The page: a form, a story that streams without holding the page up, and a look at whether the numbers are right. */

const SLICE_MS = 12; // of computing, then the page may draw and listen
const CALM_MS = 130; // between words that are to be read along
const byId = (id) => document.getElementById(id);
const model = JSON.parse(byId("model").textContent);
const ui = Object.fromEntries(
  ["form", "opening", "tell", "stop", "another", "copy", "temperature", "seed", "pace", "story", "close", "status", "proof"]
    .map((id) => [id, byId(id)]),
);
const topP = byId("top-p");
const number = new Intl.NumberFormat("en");
let telling = null; // { stopped } while a story is told

function newSeed() {
  ui.seed.value = String(Math.floor(Math.random() * 2 ** 31));
}

/** What is in its box, a BigInt; where that is empty another, which is in it then; null for what is no seed. */
function takeSeed() {
  if (!ui.seed.value.trim()) newSeed();
  const digits = ui.seed.value.trim();
  return /^[0-9]{1,19}$/.test(digits) && BigInt(digits) < 1n << 63n ? BigInt(digits) : null;
}

function say(text, isProblem = false) {
  ui.status.textContent = text;
  ui.status.classList.toggle("problem", isProblem);
}

function showSettings() {
  byId("temperature-now").textContent = Number(ui.temperature.value).toFixed(1);
  byId("top-p-now").textContent = Number(topP.value).toFixed(2);
}

function setBusy(busy) {
  const hadFocus = [ui.tell, ui.stop].includes(document.activeElement);
  ui.tell.hidden = busy;
  ui.stop.hidden = !busy;
  ui.story.setAttribute("aria-busy", String(busy));
  ui.copy.disabled = busy || !ui.story.textContent;
  if (hadFocus) (busy ? ui.stop : ui.tell).focus({ preventScroll: true });
}

/** Resolves when the browser has had its turn; unlike a timer at once, and in a hidden tab too. */
function breathe() {
  return new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => { channel.port1.close(); resolve(); };
    channel.port2.postMessage(0);
  });
}

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Shows text in whole words (what is behind the last space waits for its rest), each line in a block of its own. */
function makeWriter(element) {
  let held = "";
  let block = null;
  const show = (text) => {
    const span = document.createElement("span");
    span.className = "new";
    span.textContent = text;
    block.append(span);
  };
  return (text, isLast) => {
    held += text;
    const cut = isLast ? held.length : held.search(/\s\S*$/);
    if (cut <= 0) return false;
    for (const part of held.slice(0, cut).match(/[^\n]+\n*|\n+/g)) {
      const goesOn = block && (part[0] === "\n" || !block.textContent.endsWith("\n"));
      if (!goesOn) element.append((block = document.createElement("div")));
      show(part);
    }
    held = held.slice(cut);
    return true;
  };
}

function clearPage() {
  ui.story.replaceChildren();
  ui.close.hidden = true;
  say("");
}

/** Where the story would begin below the window, go there. */
function showStory() {
  if (ui.story.getBoundingClientRect().top < innerHeight * 0.75) return;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  ui.story.scrollIntoView({ block: "start", behavior: still ? "instant" : "smooth" });
}

function closePage(ending, seed, tokens, ms) {
  for (const block of ui.story.children) block.textContent = block.textContent; // without the spans
  ui.close.classList.toggle("cut", ending !== "end");
  ui.close.textContent = {
    end: "The end",
    context: `The page is full: the model reads ${number.format(model.context)} tokens at most.`,
    stopped: "Stopped",
  }[ending];
  ui.close.hidden = false;
  const speed = ms > 0 ? `${number.format(Math.round((1000 * tokens) / ms))} tokens/s · ` : "";
  say(`${number.format(tokens)} tokens · ${speed}seed ${seed}`);
}

/** Compute pieces for one slice, or, to be read along, until a word is whole; returns whether there are more. */
function runSlice(pieces, write, calm) {
  const until = performance.now() + SLICE_MS;
  let text = "";
  do {
    const { value, done } = pieces.next();
    if (done) {
      write(text, true);
      return false;
    }
    if (calm) {
      if (write(value, false)) return true;
    } else text += value;
  } while (performance.now() < until);
  write(text, false);
  return true;
}

/** Write all that `pieces` gives, slice by slice; returns how long was computed, in ms. */
async function write(pieces, first, mine, showCount) {
  const put = makeWriter(ui.story);
  let ms = 0;
  put(first.value ?? "", first.done);
  for (let more = !first.done; more && !mine.stopped;) {
    const calm = ui.pace.value === "calm";
    const before = performance.now();
    more = runSlice(pieces, put, calm);
    ms += performance.now() - before;
    if (!more) break;
    if (calm) showCount();
    await (calm ? wait(CALM_MS) : breathe());
  }
  if (mine.stopped) put("", true);
  return ms;
}

async function tell(story) {
  const seed = takeSeed();
  if (seed === null) {
    byId("settings").open = true;
    ui.seed.focus();
    say("The seed is a whole number from 0 to 9223372036854775807.", true);
    return;
  }
  const before = performance.now();
  const pieces = story.tell(ui.opening.value, {
    temperature: Number(ui.temperature.value), topP: Number(topP.value), seed,
  });
  let first;
  try {
    first = pieces.next(); // here it would say what is wrong with the opening; the last story stays then
  } catch ({ message }) {
    say(`${message[0].toUpperCase()}${message.slice(1)}.`, true);
    return;
  }
  const firstMs = performance.now() - before;
  const mine = { stopped: false };
  telling = mine;
  clearPage();
  setBusy(true);
  showStory();
  const showCount = () => say(`${number.format(story.tokens)} tokens · seed ${seed}`);
  try {
    const ms = await write(pieces, first, mine, showCount);
    closePage(story.ending ?? "stopped", seed, story.tokens, firstMs + ms);
  } catch ({ message }) {
    say(message, true);
  }
  telling = null;
  setBusy(false);
}

/** FNV-1a over the logits behind each id that the file names, low byte first. */
function checkNumbers(story) {
  let hash = 0x811c9dc5;
  story.start();
  for (const id of model.check.ids) {
    for (const logit of story.read(id)) {
      hash = Math.imul(hash ^ (logit & 255), 0x01000193);
      hash = Math.imul(hash ^ ((logit >> 8) & 255), 0x01000193);
    }
  }
  return hash >>> 0 === model.check.hash;
}

function showProof(isRight) {
  const count = number.format(model.check.ids.length * model.vocab);
  if (isRight) ui.proof.textContent = `✓ Checked just now: ${count} logits, each bit for bit the reference’s.`;
  else {
    ui.proof.textContent = "This browser computes other numbers than the reference: its stories are not the model’s.";
    ui.proof.className = "problem";
  }
  document.documentElement.dataset.checked = String(isRight);
}

async function copy() {
  const text = ui.story.textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch { // a page from a disk may not have the clipboard's newer door
    const range = document.createRange();
    range.selectNodeContents(ui.story);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    document.execCommand("copy");
    getSelection().removeAllRanges();
  }
  ui.copy.textContent = "Copied";
  setTimeout(() => { ui.copy.textContent = "Copy"; }, 1500);
}

function listen(story) {
  const begin = () => {
    if (!telling) tell(story);
  };
  const stop = () => { if (telling) telling.stopped = true; };
  ui.form.addEventListener("submit", (event) => { event.preventDefault(); begin(); });
  ui.opening.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    begin();
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") stop(); });
  ui.stop.addEventListener("click", stop);
  ui.another.addEventListener("click", async () => {
    stop();
    while (telling) await breathe();
    newSeed();
    begin();
  });
  ui.copy.addEventListener("click", copy);
  for (const input of [ui.temperature, topP]) input.addEventListener("input", showSettings);
}

async function open() {
  newSeed();
  showSettings();
  try {
    const story = await load(Uint8Array.from(atob(byId("module").textContent), (c) => c.charCodeAt(0)));
    showProof(checkNumbers(story));
    listen(story);
    ui.tell.disabled = ui.another.disabled = false;
    say("Ready when you are.");
  } catch (error) {
    say(`This browser cannot run the model: it needs WebAssembly with SIMD (${error.message}).`, true);
  }
}

open();

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

/** Shows text in whole words: what is behind the last space waits for its rest. */
function makeWriter(element) {
  let held = "";
  return (text, isLast) => {
    held += text;
    const cut = isLast ? held.length : held.search(/\s\S*$/);
    if (cut <= 0) return false;
    const span = document.createElement("span");
    span.className = "new";
    span.textContent = held.slice(0, cut);
    held = held.slice(cut);
    element.append(span);
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
  ui.story.textContent = ui.story.textContent.trimEnd(); // one text again, without the spans
  ui.close.classList.toggle("cut", ending !== "end");
  ui.close.textContent = {
    end: "The end",
    context: `The page is full: the model reads ${number.format(model.context)} tokens at most.`,
    stopped: "Stopped",
  }[ending];
  ui.close.hidden = !ui.story.textContent && ending !== "end";
  const speed = ms > 0 ? `${number.format(Math.round((1000 * tokens) / ms))} tokens/s · ` : "";
  say(`${number.format(tokens)} tokens · ${speed}seed ${seed}`);
}

/** Compute pieces for one slice; returns whether there are more. Calm: until a word is whole. */
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
  if (text) write(text, false);
  return true;
}

async function tell(story) {
  const mine = { stopped: false };
  telling = mine;
  clearPage();
  setBusy(true);
  showStory();
  const seed = ui.seed.value.trim() || "0";
  const write = makeWriter(ui.story);
  let ms = 0;
  try {
    const pieces = story.tell(ui.opening.value, {
      temperature: Number(ui.temperature.value), topP: Number(topP.value), seed,
    });
    for (let more = true; more && !mine.stopped;) {
      const calm = ui.pace.value === "calm";
      const before = performance.now();
      more = runSlice(pieces, write, calm);
      ms += performance.now() - before;
      if (!more) break;
      if (calm) say(`${number.format(story.tokens)} tokens · seed ${seed}`);
      await (calm ? wait(CALM_MS) : breathe());
    }
    if (mine.stopped) write("", true);
    closePage(story.ending ?? "stopped", seed, story.tokens, ms);
  } catch (error) {
    say(error.message, true);
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
    if (telling) return;
    if (!ui.seed.checkValidity() || BigInt(ui.seed.value.trim() || "0") >= 1n << 63n) {
      byId("settings").open = true;
      ui.seed.focus();
      say("The seed is a whole number from 0 to 9223372036854775807.", true);
      return;
    }
    tell(story);
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
  } catch (error) {
    say(`This browser cannot run the model: it needs WebAssembly with SIMD (${error.message}).`, true);
  }
}

open();

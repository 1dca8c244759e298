// The first report's clock. Every second it is reckoned anew from the time of day, so that a laptop that slept,
// or a line that was cut, never shows an old number. Without this script the deadline itself stands there.
//
//   <div class="big" data-clock-due="2026-11-20T10:36:00+09:00" data-clock-now="…server time…" data-clock-over="超過">
//   <div data-clock-caption="一次報告まで" data-clock-caption-over="期限を過ぎました">

const two = (number) => String(number).padStart(2, "0");
let first = true; // elements of the page itself; later ones were brought by htmx just now

const offsetOf = (element) => {
  // How far this device's clock is from the server's. Below two seconds it is only the way the page travelled.
  if (element.dataset.clockOffset === undefined) {
    const server = Date.parse(element.dataset.clockNow ?? "");
    const navigation = performance.getEntriesByType("navigation")[0];
    const answered = first && navigation ? performance.timeOrigin + navigation.responseStart : Date.now();
    const offset = Number.isNaN(server) ? 0 : server - answered;
    element.dataset.clockOffset = String(Math.abs(offset) < 2000 ? 0 : Math.round(offset));
  }
  return Number(element.dataset.clockOffset);
};

const spoken = (milliseconds) => {
  const seconds = Math.floor(Math.abs(milliseconds) / 1000);
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
};

const show = (element, now) => {
  const due = Date.parse(element.dataset.clockDue);
  if (Number.isNaN(due)) return;
  const left = due - (now + offsetOf(element));
  const over = left < 0;
  const word = over && element.dataset.clockOver ? `${element.dataset.clockOver} ` : "";
  element.textContent = word + spoken(left);
  element.classList.toggle("over", over);
  const caption = element.parentElement?.querySelector("[data-clock-caption]");
  if (caption) {
    const text = (over && caption.dataset.clockCaptionOver) || caption.dataset.clockCaption;
    if (caption.textContent !== text) caption.textContent = text;
  }
};

const tick = () => {
  const now = Date.now();
  for (const element of document.querySelectorAll("[data-clock-due]")) {
    if (!element.hasAttribute("role")) {
      element.setAttribute("role", "timer"); // role timer is silent: a reader is not interrupted each second
      element.setAttribute("aria-live", "off");
    }
    show(element, now);
  }
  first = false;
};

let timer = 0;
const run = () => {
  window.clearTimeout(timer);
  tick();
  if (document.visibilityState === "visible" && document.querySelector("[data-clock-due]")) {
    timer = window.setTimeout(run, 1000 - (Date.now() % 1000) + 5);
  }
};

for (const wake of ["visibilitychange", "htmx:afterSwap"]) document.addEventListener(wake, run);
for (const wake of ["pageshow", "online", "focus"]) window.addEventListener(wake, run);
run();

// A page that slept or was cut off asks again whose clocks still run: somebody else may have stopped one.
const wake = () => {
  if (document.visibilityState === "visible") document.body.dispatchEvent(new Event("wake"));
};
document.addEventListener("visibilitychange", wake);
window.addEventListener("online", wake);

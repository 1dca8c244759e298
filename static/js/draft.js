// Nothing typed is lost: a form with data-draft="key" keeps its fields in this browser until it was really sent.
//
//   <form method="post" data-draft="incident-new"> … </form>
//
// Kept: text, choices, ticks. Never kept: passwords, files, hidden fields, anything with data-no-draft or
// autocomplete="one-time-code|cc-…|…-password". A draft belongs to the signed-in person (body[data-person], when given)
// and is thrown away after 30 days, when the form was accepted, or by the 破棄する button.
//
// Without a line the form is not sent but waits, says so beside its button, and goes out by itself when the line is back.
// A form with data-once goes again even when its answer was lost on the way: the server makes one record of both.

const PREFIX = "ushiro:draft:";
const SENT = "ushiro:sent";
const AGE = 30 * 24 * 3600 * 1000;
const SIGN_IN = /\/(login|reauthenticate)\//;
const AGAIN = 10_000; // a line that is there but brings nothing is tried again after this many milliseconds
const words = document.documentElement.lang.startsWith("en")
  ? {
    back: "Your draft of %s has been put back.", drop: "Discard it",
    waits: "There is no connection. What you typed is kept here, and will be sent by itself when the connection is back.",
    lost: "The connection was lost. What you typed is still here; please try again shortly.",
    stop: "Do not send it by itself",
  }
  : {
    back: "%s に書きかけた下書きを戻しました。", drop: "破棄する",
    waits: "いま、つながっていません。書いたものはここに残っています。つながったら、自動で送ります。",
    lost: "つながりませんでした。書いたものは残っています。少し待って、もう一度お試しください。",
    stop: "自動で送らない",
  };

const store = {
  get: (key) => { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } },
  set: (key, value) => { try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* full or forbidden: go without */ } },
  drop: (key) => { try { localStorage.removeItem(key); } catch { /* forbidden */ } },
};

const keyOf = (form) => `${PREFIX}${document.body.dataset.person ?? ""}:${form.dataset.draft}`;

const keeps = (field) =>
  field.name && !field.disabled && !field.readOnly && !("noDraft" in field.dataset) &&
  !/^(password|file|hidden|submit|button|reset|image)$/.test(field.type) &&
  !/^(one-time-code|new-password|current-password|cc-.*)$/.test(field.autocomplete ?? "") &&
  field.name !== "csrfmiddlewaretoken";

const read = (form) => {
  const kept = {};
  for (const field of form.elements) {
    if (!keeps(field)) continue;
    const list = (kept[field.name] ??= []);
    if (field.type === "checkbox" || field.type === "radio") {
      if (field.checked) list.push(field.value);
    } else if (field.type === "select-multiple") {
      list.push(...[...field.selectedOptions].map((option) => option.value));
    } else {
      list.push(field.value);
    }
  }
  return kept;
};

// A picker takes only its own spelling of a date; what was typed in words needs a field for words.
const put = (field, value) => {
  field.value = value;
  if (value && field.value === "" && /^(date|datetime-local)$/.test(field.type)) {
    field.type = "text";
    field.value = value;
  }
};

const write = (form, kept) => {
  const next = {};
  for (const field of form.elements) {
    const list = keeps(field) ? kept[field.name] : undefined;
    if (!Array.isArray(list)) continue;
    if (field.type === "checkbox" || field.type === "radio") {
      field.checked = list.includes(field.value);
    } else if (field.type === "select-multiple") {
      for (const option of field.options) option.selected = list.includes(option.value);
    } else {
      const at = (next[field.name] ??= 0);
      if (at < list.length) put(field, list[at]);
      next[field.name] += 1;
    }
  }
};

const tell = (form, key, savedAt, before) => {
  const when = new Intl.DateTimeFormat(document.documentElement.lang || "ja", { dateStyle: "medium", timeStyle: "short" });
  const note = document.createElement("div");
  note.className = "draft-note";
  note.setAttribute("role", "status");
  const text = document.createElement("span");
  text.textContent = words.back.replace("%s", when.format(savedAt));
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn sm";
  button.textContent = words.drop;
  button.addEventListener("click", () => {
    store.drop(key);
    write(form, before);
    note.remove();
    form.querySelector("input:not([type=hidden]), textarea, select")?.focus();
  });
  note.append(text, button);
  form.prepend(note);
};

// The sentence beside the button that was pressed; a new one takes the old one's place.
const sentence = (form, text) => {
  form.querySelector("[data-unsent]")?.remove();
  const note = document.createElement("div");
  note.className = "draft-note";
  note.dataset.unsent = "";
  note.setAttribute("role", "status");
  const place = form.querySelector(".actions") ?? form.querySelector("[type=submit]");
  place ? place.before(note) : form.append(note);
  const said = document.createElement("span");
  note.append(said);
  said.textContent = text;
  return note;
};

const waiting = new WeakMap(); // form -> stops its waiting

const wait = (form, submitter) => {
  waiting.get(form)?.();
  const note = sentence(form, words.waits);
  let timer = 0;
  const stop = () => {
    window.removeEventListener("online", go);
    window.clearTimeout(timer);
    waiting.delete(form);
    note.remove();
  };
  const go = () => {
    stop();
    if (form.isConnected) form.requestSubmit(submitter?.isConnected && submitter.form === form ? submitter : undefined);
  };
  window.addEventListener("online", go);
  if (navigator.onLine) timer = window.setTimeout(go, AGAIN);
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn sm";
  button.textContent = words.stop;
  button.addEventListener("click", () => { stop(); submitter?.focus(); });
  note.append(button);
  waiting.set(form, stop);
};

// Before htmx and the browser: where there is no line, nothing goes out and nothing is left.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.dataset?.draftOn) return;
  if (navigator.onLine) {
    waiting.get(form)?.();
    form.querySelector("[data-unsent]")?.remove();
    return;
  }
  event.preventDefault();
  event.stopPropagation();
  form.dispatchEvent(new Event("change")); // keeps the draft as it stands
  wait(form, event.submitter);
}, true);

// The line was cut under way: whether the form had arrived, nobody here can know.
document.addEventListener("htmx:sendError", (event) => {
  const form = event.target;
  if (!form.dataset?.draftOn) return;
  if ("once" in form.dataset) wait(form, form.querySelector("[type=submit]"));
  else sentence(form, words.lost);
});

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

const watch = (form) => {
  if (form.dataset.draftOn || !form.dataset.draft) return;
  form.dataset.draftOn = "1";
  const key = keyOf(form);
  const before = read(form);
  const refused = form.querySelector(".is-invalid, .alert-danger") !== null;
  const draft = store.get(key);
  if (draft && (!draft.at || Date.now() - draft.at > AGE)) {
    store.drop(key);
  } else if (draft && !refused && !same(draft.fields, before)) {
    // A refused form already shows what was sent, newer than any draft.
    write(form, draft.fields);
    tell(form, key, draft.at, before);
  }
  let timer = 0;
  const keep = () => {
    window.clearTimeout(timer);
    if (form.dataset.draftSent) return;
    const fields = read(form);
    if (same(fields, before)) return;
    store.set(key, { at: Date.now(), fields });
  };
  const soon = () => { window.clearTimeout(timer); timer = window.setTimeout(keep, 400); };
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
  window.addEventListener("pagehide", keep);
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    keep(); // the line may drop: the draft goes only when the next page proves that the form was taken
    try { sessionStorage.setItem(SENT, key); } catch { /* forbidden */ }
  });
  form.addEventListener("htmx:afterRequest", (event) => {
    const { elt, xhr } = event.detail;
    const taken = xhr?.status >= 200 && xhr.status < 300; // htmx's own `successful` says nothing when it is sent on
    const back = /is-invalid|alert-danger/.test(xhr?.responseText ?? ""); // the form came back with its faults
    const ended = SIGN_IN.test(xhr?.getResponseHeader("HX-Redirect") ?? ""); // the session had ended: it is still needed
    if (elt === form && taken && !back && !ended) { form.dataset.draftSent = "1"; store.drop(key); }
  });
};

// Only an accepted form is answered by sending us on to another page: a refusal, an error page or a cut line is not.
const settle = () => {
  let sent = null;
  try { sent = sessionStorage.getItem(SENT); sessionStorage.removeItem(SENT); } catch { return; }
  const arrived = performance.getEntriesByType("navigation")[0];
  const signIn = SIGN_IN.test(location.pathname); // the session had ended: the draft is still needed
  if (sent && arrived?.type === "navigate" && arrived.redirectCount > 0 && !signIn) store.drop(sent);
};

settle();
const all = () => document.querySelectorAll("form[data-draft]").forEach(watch);
all();
document.addEventListener("htmx:load", all);

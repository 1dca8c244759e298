// Words in a draft such as 「自分は無能だ」 open a private panel that leads to ひと息.
//
// They are looked at in this browser alone: nothing is sent, stored, counted or remembered, not even that the panel was
// shown. It stands below the field, takes no focus, and stays away from this page once it was closed.
//
//   <template id="care-panel"> … <button data-care-close> … </template>

const SELF = "(自分|私|わたし|僕|ぼく|俺|おれ)(は|が|って|なんて|なんか|こそ)?(本当に|ほんとうに|もう|全然)?";
const WORDS = [
  `${SELF}(無能|だめだ|ダメだ|駄目だ|役立たず|向いていない|向いてない|いないほうが|要らない|いらない)`,
  "(全部|全て|すべて|ぜんぶ)(は|が)? ?(自分|私|わたし|僕|ぼく|俺|おれ)の(せい|責任)",
  "もう(終わりだ|おしまいだ|だめだ|ダメだ|無理だ|立ち直れない)",
  "(死にたい|消えたい|いなくなりたい|生きていたくない|死んで(お詫び|わび))",
  "\\b(i am|i'm|im) (so |just |completely |totally )?(useless|worthless|incompetent|hopeless|a failure|such a failure)\\b",
  "\\b(it is|it's|its) (all )?over for me\\b|\\b(want|wish) to (die|disappear)\\b|\\bkill myself\\b|\\ball my (own )?fault\\b",
].map((words) => new RegExp(words, "i"));

const says = (text) => {
  const plain = text.normalize("NFKC").replace(/[’‘]/g, "'").replace(/[、。！!\s]+/g, " ");
  return WORDS.some((words) => words.test(plain));
};

let closed = false;

const show = (field) => {
  const source = document.getElementById("care-panel");
  if (!source || closed || document.querySelector(".care-panel")) return;
  const panel = source.content.firstElementChild.cloneNode(true);
  panel.querySelector("[data-care-close]").addEventListener("click", () => {
    closed = true;
    panel.remove();
    field.focus();
  });
  (field.closest(".mb-3, .f, form > div") ?? field).insertAdjacentElement("afterend", panel);
};

document.addEventListener("input", (event) => {
  const field = event.target;
  if (!field.matches?.("form[data-draft] textarea, form[data-draft] input[type=text]")) return;
  if (says(field.value)) show(field);
  else if (!document.activeElement?.closest(".care-panel")) document.querySelector(".care-panel")?.remove();
});

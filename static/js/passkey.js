// Passkeys (WebAuthn): asks the browser and puts its answer into the form's `credential`, then the form goes its way.
//
//   <form data-passkey="create|get"> with the options of the server in <script id="passkey-options" type="application/json">,
//   or data-passkey-from="address" that gives them as {request_options: …}.

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

const read = (options) => {
  const asked = { ...options, challenge: bytes(options.challenge) };
  if (asked.user) asked.user = { ...asked.user, id: bytes(asked.user.id) };
  for (const list of ["excludeCredentials", "allowCredentials"]) {
    if (asked[list]) asked[list] = asked[list].map((one) => ({ ...one, id: bytes(one.id) }));
  }
  return asked;
};

const told = (credential) => {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = text(credential.response[name]);
  }
  if (credential.response.getTransports) response.transports = credential.response.getTransports();
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    clientExtensionResults: credential.getClientExtensionResults(),
    response,
  };
};

const optionsOf = async (form) => {
  if (!form.dataset.passkeyFrom) return JSON.parse(document.getElementById("passkey-options").textContent);
  const answer = await fetch(form.dataset.passkeyFrom, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(String(answer.status));
  return (await answer.json()).request_options;
};

const say = (form, word) => {
  for (const said of form.querySelectorAll("[data-passkey-said]")) said.hidden = said.dataset.passkeySaid !== word;
};

for (const form of document.querySelectorAll("form[data-passkey]")) {
  let asking = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (asking) return;
    say(form, "");
    if (!window.PublicKeyCredential) {
      say(form, "unknown");
      return;
    }
    asking = true;
    try {
      const publicKey = read((await optionsOf(form)).publicKey);
      const made = await navigator.credentials[form.dataset.passkey]({ publicKey });
      form.elements.credential.value = JSON.stringify(told(made));
      form.submit();
    } catch {
      say(form, "failed");
    }
    asking = false;
  });
}

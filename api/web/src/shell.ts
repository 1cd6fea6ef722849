import "htmx.org";

/** What every page has: theme, confirmation, messages about failed actions, forms that are sent once. */
export function startShell(): void {
  document.addEventListener("click", onClick);
  document.addEventListener("submit", onSubmit);
  document.addEventListener("toggle", (event) => void onToggle(event), { capture: true }); // it does not bubble
  document.addEventListener("htmx:confirm", onConfirm);
  document.addEventListener("htmx:responseError", onRefusal);
  document.addEventListener("htmx:sendError", () => toast(toasts().dataset["offline"] ?? ""));
}

/** Shows a sentence for a while at the bottom of the page. */
export function toast(text: string): void {
  const line = document.createElement("p");
  line.textContent = text;
  toasts().append(line);
  setTimeout(() => line.remove(), 7000);
}

function toasts(): HTMLElement {
  return document.getElementById("toasts") as HTMLElement;
}

function onClick(event: MouseEvent): void {
  const action = (event.target as Element).closest<HTMLElement>("[data-action]");
  if (action?.dataset["action"] === "theme") switchTheme();
  if (action?.dataset["action"] === "add-participant") addParticipant();
  if (action?.dataset["action"] === "remove-participant") action.closest(".participant")?.remove();
}

function switchTheme(): void {
  const root = document.documentElement;
  const dark = root.dataset["theme"]
    ? root.dataset["theme"] === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset["theme"] = dark ? "light" : "dark";
  document.cookie = `theme=${root.dataset["theme"]}; path=/; max-age=31536000; samesite=lax`;
}

function addParticipant(): void {
  const template = document.getElementById("participant") as HTMLTemplateElement;
  const list = document.getElementById("participants") as HTMLElement;
  list.append(template.content.cloneNode(true));
  list.querySelector<HTMLElement>(".participant:last-child select")?.focus();
}

function onSubmit(event: SubmitEvent): void {
  const form = event.target as HTMLFormElement;
  if (!("once" in form.dataset)) return;
  if (form.dataset["sent"]) event.preventDefault();
  form.dataset["sent"] = "yes";
}

/** What a `<details data-content="address">` holds comes from the server when it is opened first. */
async function onToggle(event: Event): Promise<void> {
  const details = event.target as HTMLElement;
  const address = details.dataset["content"];
  if (!(details instanceof HTMLDetailsElement) || !details.open || !address) return;
  const answer = await fetch(address, { headers: { Accept: "text/html" } }).catch(() => undefined);
  if (!answer) return toast(toasts().dataset["offline"] ?? "");
  const text = await answer.text();
  if (!answer.ok) return toast(sentence(text) || `${answer.status} ${answer.statusText}`);
  const content = document.createElement("div");
  content.innerHTML = text;
  details.replaceChildren(...[...details.children].filter((one) => one.matches("summary")), content);
  delete details.dataset["content"];
}

interface ConfirmDetail { question: string | null; elt: HTMLElement; issueRequest(skip: boolean): void }

function onConfirm(event: Event): void {
  const { question, elt, issueRequest } = (event as CustomEvent<ConfirmDetail>).detail;
  if (!question) return;
  event.preventDefault();
  const dialog = document.getElementById("confirm") as HTMLDialogElement;
  const [title, text, yes] = [dialog.querySelector("h2"), dialog.querySelector("p"), dialog.querySelector("[value=yes]")];
  if (title) title.textContent = elt.dataset["confirmTitle"] ?? "";
  if (text) text.textContent = question;
  if (yes) yes.textContent = elt.dataset["confirmYes"] ?? "";
  dialog.returnValue = "no";
  dialog.addEventListener("close", () => { if (dialog.returnValue === "yes") issueRequest(true); }, { once: true });
  dialog.showModal();
}

function onRefusal(event: Event): void {
  const { xhr } = (event as CustomEvent<{ xhr: XMLHttpRequest }>).detail;
  if (xhr.status === 401) return location.reload();
  toast(sentence(xhr.responseText) || `${xhr.status} ${xhr.statusText}`);
}

/** The sentence for a person in a refusal, be it the API's JSON or an error page. */
function sentence(body: string): string {
  try {
    return String((JSON.parse(body) as { detail?: unknown }).detail ?? "");
  } catch {
    const page = new DOMParser().parseFromString(body, "text/html");
    return page.querySelector("[data-error]")?.textContent?.trim() ?? "";
  }
}

// The panel's content out of what the bot answers; `h` makes an element, `ui` are the components of UI Kit.
// Nothing here knows Forge, so that Node alone can test it.

const WORDS = {
  loading: "Смежник смотрит, как дела у тикета…",
  away: "Смежник сейчас не отвечает. Обновите страницу через минуту.",
  refused: "Смежник не узнал это приложение. Администратору: flask --app app doctor.",
  page: "Карточка тикета",
};

/** Ask the bot for the card of the issue that is on the screen: {card} or {fault}; it never throws. */
export async function load(invokeRemote) {
  try {
    const answer = await invokeRemote({ path: "/forge/panel", method: "GET" });
    if (answer.status === 200 && typeof answer.body?.title === "string") return { card: answer.body };
    return { fault: answer.status === 401 ? "refused" : "away" };
  } catch {
    return { fault: "away" };
  }
}

/** Elements for a state: nothing yet, a fault, or a card. */
export function show(h, ui, state) {
  if (!state) return h(ui.Text, null, WORDS.loading);
  if (state.fault) return h(ui.SectionMessage, { appearance: "warning" }, h(ui.Text, null, WORDS[state.fault]));
  const { title, lines, page } = state.card;
  return h(
    ui.Stack,
    { space: "space.100" },
    h(ui.Text, { weight: "bold" }, title),
    ...(lines ?? []).map(([name, value], number) =>
      h(ui.Text, { key: String(number) }, h(ui.Strong, null, name), value ? ` ${value}` : ""),
    ),
    page ? h(ui.Text, null, h(ui.Link, { href: page, openNewTab: true }, WORDS.page)) : null,
  );
}

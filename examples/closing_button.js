// A button in the agent's browser for a CRM that has no API: takes the closing from the CRM's form to Smezhnik.
// Put your bot's address and your form's CSS selectors in, then make it a bookmark: docs/webcrm-without-an-api.md
(() => {
  const BOT = "https://bot.example.com";
  const FIELDS = {
    "ticket.id": "#ticket-number",
    "ticket.type": "#type",
    "ticket.subtype": "#subtype",
    "ticket.warehouse": "#warehouse",
    "ticket.supply_no": "#supply",
    "ticket.seller.id": "#seller",
    "agent.id": "#agent",
    "closing.resolution": "#resolution",
    "closing.create_jira": "#create-jira",
    "closing.description": "#description",
  };
  const event = { type: "ticket.closing", occurred_at: new Date().toISOString(), ticket: { audience: "partner" } };

  const valueOf = (field) => {
    if (field.type === "checkbox") return field.checked;
    const text = field.tagName === "SELECT" ? field.selectedOptions[0]?.text : field.value ?? field.textContent;
    return text?.trim() || undefined;
  };
  for (const [path, selector] of Object.entries(FIELDS)) {
    const field = document.querySelector(selector);
    const value = field ? valueOf(field) : undefined;
    if (value === undefined) continue;
    const names = path.split(".");
    const last = names.pop();
    names.reduce((part, name) => (part[name] ??= {}), event)[last] = value;
  }
  // behind the #, so that neither a server nor a proxy on the way sees or logs it
  window.open(`${BOT}/closing#${encodeURIComponent(JSON.stringify(event))}`, "_blank", "noopener");
})();

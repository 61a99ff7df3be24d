/** The scripts of the pages. The shop works without them. */

// What the bridge hands to scripts: an analytics tag would send it along.
for (const place of document.querySelectorAll('[data-bridge]')) {
  place.textContent = `window.__CV__ = ${JSON.stringify(window.__CV__)}`;
}

for (const select of document.querySelectorAll('select[data-submit]')) {
  select.addEventListener('change', () => select.form.requestSubmit());
}

const list = document.querySelector('[data-events]');
if (list) watchCollector(list);

function watchCollector(list) {
  let last = 0;
  const counts = { exposure: 0, conversion: 0, transaction: 0 };
  const look = async () => {
    try {
      const { accepted, delivered, pending, webhooks, events } = await (
        await fetch('/collector.json')
      ).json();
      document.querySelector('[data-ledger]').textContent =
        `${accepted} accepted = ${delivered} delivered + ${pending} waiting`;
      const outcomes = Object.entries(webhooks)
        .map(([outcome, count]) => `${count} ${outcome}`)
        .join(', ');
      if (outcomes) document.querySelector('[data-webhooks]').textContent = outcomes;
      for (const event of events) {
        if (event.number <= last) continue;
        last = event.number;
        counts[event.kind] += 1;
        list.prepend(entry(event));
      }
      document.querySelector('[data-empty]').hidden = last > 0;
      document.querySelector('[data-counts]').textContent = Object.entries(counts)
        .map(([kind, count]) => `${count} ${kind}${count === 1 ? '' : 's'}`)
        .join(', ');
    } catch {
      // The server is being restarted: ask again.
    }
    setTimeout(look, 700);
  };
  void look();
}

function entry({ kind, title, detail, amount, visitorId, at }) {
  const item = document.createElement('li');
  item.className = kind;
  const add = (tag, className, text, title) => {
    const element = document.createElement(tag);
    element.className = className;
    element.textContent = text;
    if (title) element.title = title;
    item.append(element);
  };
  add('span', 'kind', kind);
  add('b', 'title', title);
  add('span', 'detail', detail ?? '');
  add('span', 'amount', amount === undefined ? '' : `€${amount.toFixed(2)}`);
  add('code', 'visitor', visitorId.slice(0, 8), visitorId);
  add('time', 'at', new Date(at).toLocaleTimeString());
  return item;
}

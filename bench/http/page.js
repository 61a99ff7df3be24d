/** The page that every variant answers with. */
const body = '<p>Lorem ipsum dolor sit amet, consectetur adipiscing elit.</p>'.repeat(8);

export const page = (variation) =>
  `<!doctype html><html><head><title>Shop</title></head><body data-hero="${variation}">${body}</body></html>`;

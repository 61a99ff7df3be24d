/** A client without an SDK: it reads what the server has decided, and what of it was counted. */
const variations = window.__CV__ ?? {};
const { visitorId, exposed = [] } = window.__CV_CONTEXT__ ?? {};

document.documentElement.dataset.hero = variations['homepage-hero'] ?? 'none';

for (const [experience, variation] of Object.entries(variations)) {
  const isCounted = exposed.includes(experience);
  console.log(`${experience}: ${variation}${isCounted ? `, counted for ${visitorId}` : ''}`);
}

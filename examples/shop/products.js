/** What the shop sells, and the cart: a cookie that says how many of each. Prices are in cents. */

export const products = [
  {
    id: 'dawn-mug',
    name: 'Dawn mug',
    price: 2800,
    shape: 'mug',
    glaze: 'clay',
    size: '320 ml',
    about: 'A generous handle, a thin lip, and a glaze that breaks to rust where it runs off the edge.',
  },
  {
    id: 'everyday-bowl',
    name: 'Everyday bowl',
    price: 3400,
    shape: 'bowl',
    glaze: 'sea',
    size: '16 cm',
    about: 'Deep enough for ramen, wide enough for salad. It stacks, and it goes into the oven.',
  },
  {
    id: 'ripple-plates',
    name: 'Ripple plates',
    price: 5400,
    shape: 'plates',
    glaze: 'oat',
    size: 'set of three, 22 cm',
    about: 'Thrown slowly, so that the rings of the wheel stay where you can feel them.',
  },
  {
    id: 'harvest-jug',
    name: 'Harvest jug',
    price: 5800,
    shape: 'jug',
    glaze: 'honey',
    size: '1.2 l',
    about: 'Pours without a drip. Water in summer, branches in winter.',
  },
  {
    id: 'moss-teapot',
    name: 'Moss teapot',
    price: 9600,
    shape: 'teapot',
    glaze: 'moss',
    size: '900 ml',
    about: 'Two days at the wheel, two firings, one lid that fits no other pot.',
  },
  {
    id: 'bud-vase',
    name: 'Bud vase',
    price: 4200,
    shape: 'vase',
    glaze: 'plum',
    size: '19 cm',
    about: 'Made for the one stem you brought home from a walk.',
  },
];

const SHIPPING = 490;
const MOST = 20;

export function findProduct(id) {
  return products.find((product) => product.id === id);
}

/** `dawn-mug*2.bud-vase*1` as lines of product and quantity. A cookie is input: what makes no sense is left out. */
export function parseCart(text = '') {
  return text.split('.').flatMap((entry) => {
    const [id, count] = entry.split('*');
    const product = findProduct(id);
    const quantity = Math.min(Number(count), MOST);
    return product && Number.isInteger(quantity) && quantity > 0 ? [{ product, quantity }] : [];
  });
}

export function writeCart(lines) {
  return lines.map(({ product, quantity }) => `${product.id}*${quantity}`).join('.');
}

export function addToCart(lines, product) {
  const others = lines.filter((line) => line.product !== product);
  const before = lines.find((line) => line.product === product)?.quantity ?? 0;
  return [...others, { product, quantity: Math.min(before + 1, MOST) }];
}

/** `quantity` comes from a form: what is no number changes nothing, and zero removes the line. */
export function setQuantity(lines, product, quantity) {
  const wanted = Math.min(Number(quantity), MOST);
  if (!Number.isInteger(wanted)) return lines;
  return lines
    .map((line) => (line.product === product ? { product, quantity: wanted } : line))
    .filter((line) => line.quantity > 0);
}

export function totalsOf(lines, freeShippingFrom) {
  const goods = lines.reduce((sum, { product, quantity }) => sum + product.price * quantity, 0);
  const count = lines.reduce((sum, { quantity }) => sum + quantity, 0);
  const shipping = goods === 0 || goods >= freeShippingFrom ? 0 : SHIPPING;
  return { goods, count, shipping, total: goods + shipping, missing: Math.max(0, freeShippingFrom - goods) };
}

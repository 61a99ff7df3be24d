/** The variations of the experience `prices` that have a page. */
export const PRICES = ['original', 'version-b'];

/** The visitors who place the orders: they have seen a page before, and each of them buys a few times. */

export const VISITORS = 5_000;

/** The id of a visitor, in the form of those that we give. */
export const visitorOf = (nth) =>
  `00000000-0000-4000-8000-${(nth % VISITORS).toString(16).padStart(12, '0')}`;

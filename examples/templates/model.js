/** What the handlers of this folder give their views. */

/** Decides before the view is rendered, so that any engine can write the bridge into the head of the page. */
export function modelOf(convert) {
  const hero = convert.runExperience('homepage-hero');
  return { variation: hero?.name ?? 'none', bold: hero?.key === 'bold' };
}

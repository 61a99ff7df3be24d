export async function load({ locals, fetch }) {
  const hero = locals.convert.runExperience('homepage-hero');
  const teaser = await fetch('/teaser');
  return {
    headline: hero?.key === 'bold' ? 'Know what works.' : 'Welcome',
    teaser: await teaser.text(),
  };
}

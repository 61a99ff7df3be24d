export function GET({ locals }) {
  const hero = locals.convert.runExperience('homepage-hero');
  return new Response(hero?.key === 'bold' ? 'See how.' : 'Have a look around.');
}

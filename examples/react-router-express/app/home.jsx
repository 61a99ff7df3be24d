import { convertContext } from './convert-context.js';

export function loader({ context }) {
  const hero = context.get(convertContext).runExperience('homepage-hero');
  return { headline: hero?.key === 'bold' ? 'Know what works.' : 'Welcome' };
}

export default function Home({ loaderData }) {
  return <h1>{loaderData.headline}</h1>;
}

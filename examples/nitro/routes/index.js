import { defineEventHandler } from 'h3';

export default defineEventHandler(({ node }) => {
  const hero = node.req.convert.runExperience('homepage-hero');
  return `<h1>${hero?.key === 'bold' ? 'Know what works.' : 'Welcome'}</h1>`;
});

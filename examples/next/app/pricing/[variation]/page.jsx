/** A static page, built once for each variation. The proxy leads visitors of /pricing to theirs. */
import { PRICES } from '../../../prices.js';

export const dynamicParams = false;
export const generateStaticParams = () => PRICES.map((variation) => ({ variation }));

export default async function Pricing({ params }) {
  const { variation } = await params;
  return <h1>{variation === 'version-b' ? 'One price for all.' : 'Three plans.'}</h1>;
}

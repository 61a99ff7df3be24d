/** A page that is rendered for each request, by the decisions of the proxy. */
import { headers } from 'next/headers';
import { order } from './order.js';

export default async function Home() {
  const { variations } = JSON.parse((await headers()).get('x-convert') ?? '{"variations":{}}');
  return (
    <form action={order}>
      <h1>{variations['homepage-hero'] === 'version-b' ? 'Know what works.' : 'Welcome'}</h1>
      <button>Order</button>
    </form>
  );
}

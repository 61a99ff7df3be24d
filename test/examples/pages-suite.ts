/** Tests of pages of the demo shop that need no browser to be looked at: the cart, and who the shop says is looking. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CHROME, type FRAMEWORKS, type Shop, startShop } from './shop.js';

const TELEVISION =
  'Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) 76.0.3809.146/6.0 TV Safari/537.36';

export function pagesSuite(frameworks: readonly (typeof FRAMEWORKS)[number][]): void {
  describe.each(frameworks)('the pages of the shop on %s', (framework) => {
    let shop: Shop;

    beforeEach(async () => {
      shop = await startShop(framework);
    });
    afterEach(() => shop.close());

    /** The cart that the response leaves in the cookie. */
    async function change(cart: string, form: Record<string, string>): Promise<string | undefined> {
      const response = await fetch(`${shop.url}/cart/quantity`, {
        method: 'POST',
        headers: { 'User-Agent': CHROME, Cookie: `consent=granted; cart=${cart}` },
        body: new URLSearchParams(form),
        redirect: 'manual',
      });
      expect([response.status, response.headers.get('location')]).toEqual([303, '/cart']);
      const cookies = response.headers.getSetCookie().map((cookie) => /^cart=([^;]*)/.exec(cookie)?.[1]);
      return cookies.find((value) => value !== undefined);
    }

    it('changes quantities and removes lines', async () => {
      const cart = 'dawn-mug*2.bud-vase*1';
      expect(await change(cart, { product: 'dawn-mug', quantity: '3' })).toBe('dawn-mug*3.bud-vase*1');
      expect(await change(cart, { product: 'bud-vase', quantity: '0' })).toBe('dawn-mug*2');
      expect(await change('bud-vase*1', { product: 'bud-vase', quantity: '0' })).toBe('');
      expect(await change(cart, { product: 'dawn-mug', quantity: '999' })).toBe('dawn-mug*20.bud-vase*1');
      // Nothing that a form could send becomes a cart that could not be.
      expect(await change(cart, { product: 'dawn-mug', quantity: '-1' })).toBe('bud-vase*1');
      expect(await change(cart, { product: 'dawn-mug', quantity: '1.5' })).toBe(cart);
      expect(await change(cart, { product: 'dawn-mug', quantity: '1.harvest-jug*9' })).toBe(cart);
      expect(await change(cart, { product: 'dawn-mug' })).toBe(cart);
      expect(await change(cart, { product: 'harvest-jug', quantity: '1' })).toBe(cart);
      await shop.close();
      expect(shop.events).toEqual([]);
    });

    it('does not know a product that there is not', async () => {
      const response = await fetch(`${shop.url}/cart/quantity`, {
        method: 'POST',
        headers: { 'User-Agent': CHROME },
        body: new URLSearchParams({ product: 'gold-bar', quantity: '1' }),
      });
      expect(response.status).toBe(404);
    });

    it('names the device, and says of each experience who is in it and why', async () => {
      const look = async (agent: string) => {
        const headers = { 'User-Agent': agent, Cookie: 'consent=granted' };
        return (await fetch(`${shop.url}/cart`, { headers })).text();
      };
      expect(await look(TELEVISION)).toContain('device = other');
      const page = await look(CHROME);
      expect(page).toContain('device = desktop');
      const rows = page.match(/<li class="is-(?:in|out)">.*?<\/li>/gs)!.map((row) =>
        row
          .replaceAll(/<[^>]*>/g, ' ')
          .replaceAll(/\s+/g, ' ')
          .trim(),
      );
      expect(rows).toEqual([
        'home-hero no variation location path matches / but is /cart',
        'spring-banner no variation location path matches / but is /cart',
        'phone-buy-bar no variation location path startsWith /products/ but is /cart',
        expect.stringMatching(/^checkout-push (Original|Closer free shipping) bucketed decided now, /),
      ]);
    });
  });
}

/**
 * Shows a context to templates. Handlebars and LiquidJS read own properties only, for safety, and a context has none:
 * its members are on its class.
 */
import { isMember } from './members.js';
import type { ConvertContext } from './types.js';

const VIEW: ProxyHandler<ConvertContext> = {
  // The members of a context read its private fields, which the proxy has not.
  get: (context, name): unknown => Reflect.get(context, name, context),
  getOwnPropertyDescriptor(context, name) {
    if (!isMember(name)) return Reflect.getOwnPropertyDescriptor(context, name);
    // The member is no data, and not enumerable: a context among the locals is printed and serialized as before.
    return {
      configurable: true,
      enumerable: false,
      get: () => Reflect.get(context, name, context) as unknown,
    };
  },
};

/**
 * Returns the context in a form in which its public members are own properties. It is a proxy, since own getters would
 * have to be made for each request, also for those that render no template.
 */
export const templateView = (context: ConvertContext): ConvertContext => new Proxy(context, VIEW);

/** Template engines, as their own packages render a text; some read own properties only, and some call functions. */
import { createRequire } from 'node:module';
import ejs from 'ejs';

const load = createRequire(import.meta.url);

interface Engine {
  readonly template: string;
  render(template: string, locals: object): string | Promise<string>;
}

/** Templates that write the same: id, consent, protocol, the variations that were decided, and the bridge. */
export const ENGINES: Readonly<Record<string, Engine>> = {
  EJS: {
    template:
      '<%= convert.visitorId %>|<%= convert.consent %>|<%= convert.locationProperties.protocol %>|' +
      "<%= convert.runExperience('homepage-hero').experienceKey %>|<%- convert.bridge.json() %>",
    render: (template, locals) => ejs.render(template, locals),
  },
  Pug: {
    template:
      '| #{convert.visitorId}|#{convert.consent}|#{convert.locationProperties.protocol}|' +
      "#{convert.runExperience('homepage-hero').experienceKey}|!{convert.bridge.json()}",
    render: (template, locals) =>
      (load('pug') as { render: (text: string, locals: object) => string }).render(template, locals),
  },
  Handlebars: {
    template:
      '{{convert.visitorId}}|{{convert.consent}}|{{convert.locationProperties.protocol}}|' +
      "{{#with (convert.runExperience 'homepage-hero')}}{{experienceKey}}{{/with}}|{{{convert.bridge.json}}}",
    render: (template, locals) =>
      (load('handlebars') as { compile: (text: string) => (locals: object) => string }).compile(template)(
        locals,
      ),
  },
  Nunjucks: {
    template:
      '{{ convert.visitorId }}|{{ convert.consent }}|{{ convert.locationProperties.protocol }}|' +
      "{{ convert.runExperience('homepage-hero').experienceKey }}|{{ convert.bridge.json() | safe }}",
    render: (template, locals) =>
      (load('nunjucks') as { renderString: (text: string, locals: object) => string }).renderString(
        template,
        locals,
      ),
  },
  Eta: {
    template:
      '<%= it.convert.visitorId %>|<%= it.convert.consent %>|<%= it.convert.locationProperties.protocol %>|' +
      "<%= it.convert.runExperience('homepage-hero').experienceKey %>|<%~ it.convert.bridge.json() %>",
    render(template, locals) {
      const { Eta } = load('eta') as {
        Eta: new () => { renderString: (text: string, locals: object) => string };
      };
      return new Eta().renderString(template, locals);
    },
  },
  // The last two can call no function with an argument: they list all variations.
  Mustache: {
    template:
      '{{convert.visitorId}}|{{convert.consent}}|{{convert.locationProperties.protocol}}|' +
      '{{#convert.runExperiences}}{{experienceKey}} {{/convert.runExperiences}}|{{{convert.bridge.json}}}',
    render: (template, locals) =>
      (load('mustache') as { render: (text: string, locals: object) => string }).render(template, locals),
  },
  Liquid: {
    template:
      '{{ convert.visitorId }}|{{ convert.consent }}|{{ convert.locationProperties.protocol }}|' +
      '{% for each in convert.runExperiences %}{{ each.experienceKey }} {% endfor %}|{{ convert.bridge.json }}',
    render(template, locals) {
      const { Liquid } = load('liquidjs') as {
        Liquid: new () => { parseAndRender: (text: string, locals: object) => Promise<string> };
      };
      return new Liquid().parseAndRender(template, locals);
    },
  },
};

/** What a template writes of a known visitor whose id is given. */
export function isWritten(text: string, visitorId: string): boolean {
  const [id, consent, protocol, experiences, json = '{}', ...rest] = text.trim().split('|');
  const bridge = JSON.parse(json) as { visitorId?: string; variations?: object };
  return (
    id === visitorId &&
    consent === 'granted' &&
    protocol === 'http' &&
    experiences?.startsWith('homepage-hero') === true &&
    bridge.visitorId === visitorId &&
    Object.hasOwn(bridge.variations ?? {}, 'homepage-hero') &&
    rest.length === 0
  );
}

/** Drawings of the pots: a shape, and the same shape's upper part dipped into glaze. Colours are in styles.css. */
import { html, raw } from './html.js';

const SHAPES = {
  mug: `
    <path class="stroke" d="M160 100c42-8 48 62-4 60"/>
    <path class="body" d="M64 80h100v64c0 32-20 50-50 50s-50-18-50-50z"/>
    <path class="glaze" d="M64 80h100v56c-14 12-24-8-38 4s-22 12-34 0-18-8-28 2z"/>
    <ellipse class="rim" cx="114" cy="80" rx="50" ry="9"/>
    <path class="shine" d="M78 98c-2 20-1 34 2 46"/>`,
  bowl: `
    <path class="body" d="M90 180h60v12q-30 6-60 0z"/>
    <path class="body" d="M42 104h156c0 52-32 84-78 84s-78-32-78-84z"/>
    <path class="glaze" d="M42 104h156c-1 16-4 28-9 38-12 8-20-6-33 1s-22 12-36 2-25-6-36 2-22 0-33-3c-6-12-9-24-9-40z"/>
    <ellipse class="rim" cx="120" cy="104" rx="78" ry="13"/>
    <path class="shine" d="M60 126c5 16 12 26 20 34"/>`,
  plates: `
    <ellipse class="body" cx="120" cy="180" rx="88" ry="24"/>
    <ellipse class="glaze" cx="120" cy="173" rx="88" ry="24"/>
    <ellipse class="body" cx="120" cy="158" rx="86" ry="24"/>
    <ellipse class="glaze" cx="120" cy="151" rx="86" ry="24"/>
    <ellipse class="body" cx="120" cy="136" rx="84" ry="24"/>
    <ellipse class="glaze" cx="120" cy="129" rx="84" ry="24"/>
    <ellipse class="ring" cx="120" cy="129" rx="64" ry="17"/>
    <ellipse class="ring" cx="120" cy="129" rx="46" ry="11.500"/>
    <ellipse class="ring" cx="120" cy="129" rx="27" ry="6"/>`,
  jug: `
    <path class="stroke" d="M148 84c42-8 48 50 14 66"/>
    <path class="body" d="M74 46l72 8 6 28c18 22 26 44 26 62 0 32-22 50-56 50s-56-18-56-50c0-18 8-40 24-62z"/>
    <path class="glaze" d="M74 46l72 8 6 28c14 17 22 34 25 49-14 12-26-6-40 4s-24 10-36 2-22-6-33 0c4-17 12-37 22-55z"/>
    <path class="rim" d="M74 46c10 12 50 16 72 8-18-10-50-14-72-8z"/>
    <path class="shine" d="M88 112c-7 12-10 24-9 36"/>`,
  teapot: `
    <path class="stroke" d="M66 120c-50-14-48 58 6 50"/>
    <path class="rim" d="M160 132c30 0 28-28 48-42l12 10c-18 18-20 66-66 72z"/>
    <ellipse class="body" cx="118" cy="146" rx="64" ry="50"/>
    <path class="glaze" d="M54 146c0-28 29-50 64-50s64 22 64 50c-12 14-22-4-36 4s-24 14-38 4-22-6-32 0-16 0-22-8z"/>
    <path class="rim" d="M82 100c8-22 64-22 72 0q-36 12-72 0z"/>
    <circle class="rim" cx="118" cy="78" r="8"/>
    <path class="shine" d="M72 128c4-8 8-12 14-16"/>`,
  vase: `
    <path class="stem" d="M120 66C118 40 128 30 134 10"/>
    <path class="leaf" d="M122 50c-22-2-28-16-28-24 16 0 26 8 28 24zM126 36c18 0 26-10 28-18-16-2-26 4-28 18z"/>
    <circle class="flower" cx="135" cy="12" r="8"/>
    <path class="body" d="M104 60h32v30c0 16 34 30 34 62s-22 42-50 42-50-10-50-42 34-46 34-62z"/>
    <path class="glaze" d="M104 60h32v30c0 14 28 27 33 52-12 8-22-4-34 2s-20 8-32 0-20-2-32-4c6-24 33-37 33-50z"/>
    <ellipse class="rim" cx="120" cy="60" rx="16" ry="4"/>
    <path class="shine" d="M88 138c-5 8-7 16-5 24"/>`,
  parcel: `
    <path class="body" d="M52 96h136v92q-68 12-136 0z"/>
    <path class="glaze" d="M108 96h24v98q-12 1-24 0zM52 130h136v18h-136z"/>
    <path class="rim" d="M44 84h152v18h-152z"/>
    <path class="stroke" d="M120 82c-44 4-48-40-24-40 16 0 22 22 24 40 2-18 8-40 24-40 24 0 20 44-24 40"/>`,
  shards: `
    <path class="body" d="M44 104l52-12-8 30 14 22-10 22 12 26c-30 4-46-14-50-38z"/>
    <path class="glaze" d="M44 104l52-12-8 30 10 15c-14 10-20-4-30 4s-10 2-18 4z"/>
    <path class="stroke" d="M180 106c40 0 38 54-8 56"/>
    <path class="body" d="M126 92l56 8-8 58c-4 26-22 38-44 34l-8-26 10-22-16-22z"/>
    <path class="glaze" d="M126 92l56 8-5 40c-12 8-18-8-28 2s-16-2-21-2l-12-18z"/>
    <path class="body" d="M98 196l10-16 14 14z"/>`,
  basket: `
    <path class="stroke" d="M66 110c0-78 108-78 108 0"/>
    <path class="glaze" d="M44 110h152l-16 74q-60 14-120 0z"/>
    <path class="ring" d="M50 134h140M55 158h130M86 112l8 78M120 112v80M154 112l-8 78"/>
    <path class="rim" d="M38 102h164v16h-164z"/>`,
};

export function pot({ shape, glaze, name }) {
  return html`<svg class="pot glaze-${glaze}" viewBox="0 0 240 216" role="img" aria-label="${name}">
    <ellipse class="shadow" cx="120" cy="196" rx="70" ry="7" />
    ${raw(SHAPES[shape])}
  </svg>`;
}

export const logo = raw(
  `<svg class="logo" viewBox="0 0 32 32" aria-hidden="true"><circle cx="16" cy="16" r="16"/><path d="M9 12h14c0 9-3 13-7 13s-7-4-7-13z"/><path class="leaf" d="M16 11c-1-4 1-6 4-7 1 3-1 6-4 7z"/></svg>`,
);

/** The same as a file, for the browser's tab. */
export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="16" fill="#23362d"/><path d="M9 12h14c0 9-3 13-7 13s-7-4-7-13z" fill="#f3e9d8"/><path d="M16 11c-1-4 1-6 4-7 1 3-1 6-4 7z" fill="#c4673f"/></svg>`;

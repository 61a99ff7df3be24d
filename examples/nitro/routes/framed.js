import { defineEventHandler } from 'h3';

/** The app asks itself: `event.$fetch` hands the cookies of the visitor on. */
export default defineEventHandler(async (event) => `<main>${await event.$fetch('/')}</main>`);

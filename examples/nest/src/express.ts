/** Nest on Express. Run: npm run build, then npm start */
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { convertMiddleware } from 'convert-middleware/express';
import { AppModule } from './app.js';
import { convert } from './convert.js';

const app = await NestFactory.create(AppModule);
app.use(convertMiddleware(convert));
// Otherwise Nest ends the process by the signal that it got, which reads like a crash.
app.enableShutdownHooks(['SIGTERM'], { useProcessExit: true });
await app.listen(process.env.PORT ?? 3000);

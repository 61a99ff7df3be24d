/** Nest on Fastify. Run: npm run build, then npm run start:fastify */
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { convertPlugin } from 'convert-middleware/fastify';
import { AppModule } from './app.js';
import { convert } from './convert.js';

const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter());
await app.register(convertPlugin, { convert });
app.enableShutdownHooks(['SIGTERM'], { useProcessExit: true });
await app.listen(process.env.PORT ?? 3000);

/* answers.h - the answers of the null programs. The bodies are as long as pollchat's; the headers
 * are fewer, since a null program needs no more.
 */
#ifndef BENCH_ANSWERS_H
#define BENCH_ANSWERS_H

/* To an idle poll. */
#define ANSWER_IDLE_BODY                                                                                    \
    "{\"epoch\":\"0123456789abcdefghijkl\",\"room\":\"lobby\",\"messages\":[],\"next\":1000,\"head\":1000," \
    "\"oldest\":1,\"more\":false,\"wait\":0,\"poll_after\":2}"
#define ANSWER_IDLE                                                                   \
    "Status: 200 OK\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n" \
    "X-Content-Type-Options: nosniff\r\nContent-Length: 135\r\n\r\n" ANSWER_IDLE_BODY
_Static_assert(sizeof ANSWER_IDLE_BODY - 1 == 135, "the Content-Length");

/* To a poll that waited for one short message. */
#define ANSWER_NEWS_BODY                                                                                 \
    "{\"epoch\":\"0123456789abcdefghijkl\",\"room\":\"lobby\",\"messages\":[{\"seq\":1000,"              \
    "\"time\":\"2026-01-01T00:00:00.000Z\",\"name\":\"guest\",\"text\":\"<1000>\",\"type\":\"message\"," \
    "\"id\":\"0123456789abcdefghijkl.1000\"}],\"next\":1000,\"head\":1000,\"oldest\":1,\"more\":false,\"wait\":60}"
#define ANSWER_NEWS "Status: 200 OK\r\nContent-Type: application/json\r\nContent-Length: 250\r\n\r\n" ANSWER_NEWS_BODY
_Static_assert(sizeof ANSWER_NEWS_BODY - 1 == 250, "the Content-Length");

#endif

/* A PKCS#11 library that passes everything on to the one called TOKEN, but locks the PIN once three were wrong, as
   tokens do and SoftHSM does not. Of the list of functions only the places of its members are used. */
#include <dlfcn.h>

#define PIN_INCORRECT 0xA0UL
#define PIN_LOCKED 0xA4UL

typedef unsigned long (*Login)(unsigned long, unsigned long, unsigned char *, unsigned long);
struct List {
    unsigned char version[2];
    void *functions[68];
};
enum { GET_FUNCTION_LIST = 3, LOGIN = 18 };

static struct List ours;
static Login theirs;
static int wrong;

static unsigned long login(unsigned long session, unsigned long user, unsigned char *pin, unsigned long size) {
    if (wrong >= 3) return PIN_LOCKED;
    unsigned long said = theirs(session, user, pin, size);
    wrong = said == PIN_INCORRECT ? wrong + 1 : 0;
    return said;
}

unsigned long C_GetFunctionList(struct List **list) {
    void *library = dlopen(TOKEN, RTLD_NOW);
    unsigned long (*get)(struct List **) = (unsigned long (*)(struct List **))dlsym(library, "C_GetFunctionList");
    struct List *found;
    unsigned long said = get(&found);
    ours = *found;
    theirs = (Login)found->functions[LOGIN];
    ours.functions[LOGIN] = (void *)login;
    ours.functions[GET_FUNCTION_LIST] = (void *)C_GetFunctionList;
    *list = &ours;
    return said;
}

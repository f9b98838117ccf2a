/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/store_sql.h"

#include "tests/lib/test.h"

#include <sqlite3.h>
#include <stdio.h>

void
store_sql(const char *directory, const char *sql)
{
    char path[128];
    sqlite3 *db = NULL;
    (void)snprintf(path, sizeof path, "%s/attestd.db", directory);
    assert_int_equal(SQLITE_OK, sqlite3_open(path, &db));
    assert_int_equal(SQLITE_OK, sqlite3_exec(db, sql, NULL, NULL, NULL));
    assert_int_equal(SQLITE_OK, sqlite3_close(db));
}

import time, pytest
from collections import Counter
from django.db import connection
@pytest.mark.django_db(transaction=True)
def test_x():
    from soc.demo.seed import seed, seed_history
    from incidents.models import VerdictFeedback
    seed()
    print(VerdictFeedback.objects.count(), VerdictFeedback.objects.filter(is_override=True).count())
    c=Counter()
    def w(execute, sql, params, many, context):
        c[sql[:90]]+=1; return execute(sql, params, many, context)
    with connection.execute_wrapper(w): seed_history()
    for k,v in c.most_common(32): print(v,k)

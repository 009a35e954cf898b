import time, pytest
@pytest.mark.django_db(transaction=True)
def test_x():
    from soc.demo import cast, estate, past, morning, decided
    def t(f,*a):
        w,c=time.time(),time.process_time(); r=f(*a); print(f.__module__, f.__name__, "wall %.2f cpu %.2f"%(time.time()-w,time.process_time()-c)); return r
    teams=t(cast.seed_cast); t(estate.seed_estate,teams); t(cast.beat); t(past.seed_past); t(morning.seed_morning); print(t(decided.write_decided))

# Was die Hinweise per E-Mail sagen. Werte: count und n (dasselbe, wie gezeigt), day.

notice-subject = Ungelesene Post in der e-Box Ihres Unternehmens
notice-hello = Guten Tag,
notice-box = Noch nicht gelesen ist in der e-Box von
notice-new = { $count ->
    [one] { $n } neue Nachricht
   *[other] { $n } neue Nachrichten
}
notice-reminders = { $count ->
    [one] { $n } Nachricht, die seit 15 Tagen wartet
   *[other] { $n } Nachrichten, die seit 15 Tagen warten
}
notice-expiring = { $count ->
    [one] { $n } Nachricht, die die Box binnen 7 Tagen verlässt
   *[other] { $n } Nachrichten, die die Box binnen 7 Tagen verlassen
}
notice-first-expiry = Die erste verlässt die Box am { $day }; danach kann sie nicht mehr gelesen werden.
notice-where = Nach der Anmeldung können Sie sie hier lesen:
notice-open = Die e-Box öffnen
notice-silent = Zu Ihrer Sicherheit nennt diese E-Mail weder den Absender noch den Inhalt.
notice-why = Sie erhalten diese E-Mail, weil ein Zugangsverwalter der e-Box diese Adresse angegeben hat.
notice-stop = Wenn Sie keine weiteren erhalten möchten, öffnen Sie diese Seite:
notice-stop-link = Keine weiteren Hinweise erhalten

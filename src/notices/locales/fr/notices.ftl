# Ce que disent les avis par courriel. Valeurs : count et n (le même, affiché), day.

notice-subject = Du courrier non lu dans l’e-Box de votre entreprise
notice-hello = Bonjour,
notice-box = Voici ce qui n’a pas été lu dans l’e-Box de
notice-new = { $count ->
    [one] { $n } nouveau message
   *[other] { $n } nouveaux messages
}
notice-reminders = { $count ->
    [one] { $n } message qui attend depuis 15 jours
   *[other] { $n } messages qui attendent depuis 15 jours
}
notice-expiring = { $count ->
    [one] { $n } message qui quittera la boîte dans les 7 jours
   *[other] { $n } messages qui quitteront la boîte dans les 7 jours
}
notice-first-expiry = Le premier quittera la boîte le { $day } ; il ne pourra plus être lu ensuite.
notice-where = Vous pouvez le lire ici, après vous être identifié :
notice-open = Ouvrir l’e-Box
notice-silent = Par sécurité, ce courriel ne nomme ni l’expéditeur ni le contenu.
notice-why = Vous recevez ce courriel parce qu’un gestionnaire d’accès de l’e-Box a donné cette adresse.
notice-stop = Pour ne plus en recevoir, ouvrez cette page :
notice-stop-link = Ne plus en recevoir
